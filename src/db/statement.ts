import type { Client, QueryResultRow } from "pg";
import type { StoreCapability } from "../core/store-capability.ts";
import type { Tracer } from "../core/tracer.ts";
import { wrapDriverError } from "./driver-errors.ts";
import { statementSpan } from "./statement-span.ts";

/** Runs statements. A statement with a name is prepared once for each connection. */
export type Queryable = {
  query<Row extends QueryResultRow>(sql: Sql, values?: readonly unknown[]): Promise<Row[]>;
};

export type Sql = string | Statement;

export type Statement = {
  name?: string;
  text: string;
  /**
   * The statement only reads a few rows by an index. Outside a transaction it shares a connection with other statements,
   * which would have to wait for a slow statement.
   */
  isShort?: boolean;
};

export async function runStatement<Row extends QueryResultRow>(
  client: Client,
  tracer: Tracer,
  sql: Sql,
  values: readonly unknown[] = [],
): Promise<Row[]> {
  const { name, text } = typeof sql === "string" ? { text: sql } : sql;
  const statement = { ...(name !== undefined && { name }), text, values: [...values] };
  const run = () => client.query<Row>(statement).catch(wrapDriverError);
  const result = await tracer.leaf(statementSpan(text), run);
  // A text of several statements has several results, of which the last one is returned.
  return (Array.isArray(result) ? result.at(-1) : result)?.rows ?? [];
}

/**
 * Returns the capability that a statement needs. A read-only server also rejects `SELECT … FOR UPDATE` and `FOR SHARE`.
 */
export function capabilityOf(sql: Sql): StoreCapability {
  if (typeof sql !== "string" && sql.isShort === true) return "read";
  const text = typeof sql === "string" ? sql : sql.text;
  return startsAsRead.test(text) && !mayChange.test(text) ? "read" : "write";
}

const startsAsRead = /^\s*(?:SELECT|WITH|VALUES)\b/i;

/** Also matches inside string constants and names: such a read counts as a write, which is harmless. */
const mayChange = /\b(?:INSERT|UPDATE|DELETE|MERGE|SHARE|nextval|setval)\b/i;
