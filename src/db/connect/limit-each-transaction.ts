import pg from "pg";
import type { SessionSettings } from "./session-settings.ts";

/**
 * Changes a connection through a pooler in transaction mode, where each transaction may run in another session of
 * Postgres. Limits are set for each transaction, in the round trip of its first statement. Names of statements are left
 * out, because a prepared statement exists in one session only.
 */
export function limitEachTransaction(client: pg.Client, settings: SessionSettings): void {
  const send = client.query.bind(client);
  const { statementTimeoutMs, lockTimeoutMs, idleTransactionTimeoutMs } = settings;
  const limits = definedLimits({ statement_timeout: statementTimeoutMs, lock_timeout: lockTimeoutMs });
  const transactionLimits = definedLimits({ idle_in_transaction_session_timeout: idleTransactionTimeoutMs });
  const begin = ["BEGIN", ...[...limits, ...transactionLimits].map(([name, ms]) => `SET LOCAL ${name} = ${ms}`)].join(
    ";",
  );
  const calls = limits.map(([name, ms]) => `set_config('${name}', '${ms}', true) AS ${name}`);
  // The condition is never true, but Postgres has to call all functions to evaluate it.
  const setLimits = `SELECT FROM ${calls.join(", ")} WHERE concat(${limits.map(([name]) => name)}) IS NULL`;

  // getTransactionStatus() returns the status of the last answer, but statements may be sent before BEGIN is answered.
  let hasBegun = false;
  const query = (statement: string | pg.QueryConfig, values?: unknown[] | Callback): Promise<unknown> | undefined => {
    if (typeof values === "function") {
      const { name: _, ...unnamed } = statement as pg.QueryConfig;
      send(limitedQuery(unnamed, setLimits, values));
      return undefined;
    }
    const { text, values: parameters = values } = typeof statement === "string" ? { text: statement } : statement;
    const isOutside = !hasBegun && client.getTransactionStatus() === "I";
    if (text === "BEGIN") hasBegun = true;
    if (text === "COMMIT" || text === "ROLLBACK") hasBegun = false;
    if (isOutside && text === "BEGIN") return send(begin);
    if (!isOutside) return send({ text, ...(parameters && { values: parameters }) });
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    send(
      limitedQuery({ text, values: parameters ?? [] }, setLimits, (error, result) =>
        error ? reject(error) : resolve(result),
      ),
    );
    return promise;
  };
  Reflect.set(client, "query", query);
}

const definedLimits = (limits: Readonly<Record<string, number | undefined>>): [string, number][] =>
  Object.entries(limits).flatMap(([name, ms]) => (ms === undefined ? [] : [[name, ms]]));

type Callback = (error: Error | null, result: unknown) => void;

/**
 * Sends two statements before one Sync message. Postgres runs them in one transaction, so that the limits, which are
 * local to a transaction, apply to the second statement and to nothing after it.
 */
function limitedQuery(statement: pg.QueryConfig, setLimits: string, callback: Callback): pg.Query {
  const query: pg.Query = Reflect.construct(pg.Query, [{ ...statement, queryMode: "extended" }, undefined, callback]);
  const methodOf = (name: string) =>
    (Reflect.get(pg.Query.prototype, name) as (...args: unknown[]) => unknown).bind(query);
  let areLimitsSet = false;
  const ignoreBeforeLimits = (name: string) => {
    const handle = methodOf(name);
    Reflect.set(query, name, (...args: unknown[]) => {
      if (areLimitsSet) handle(...args);
      else areLimitsSet = name === "handleCommandComplete";
    });
  };
  ignoreBeforeLimits("handleDataRow");
  ignoreBeforeLimits("handleCommandComplete");
  const prepare = methodOf("prepare");
  Reflect.set(query, "prepare", (connection: pg.Connection) => {
    connection.parse({ name: "", text: setLimits, types: [] }, true);
    connection.bind({ values: [] }, true);
    connection.execute({}, true);
    prepare(connection);
  });
  return query;
}
