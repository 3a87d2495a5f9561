import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { createConnectionLog } from "../../src/composition/stores/connection-log.ts";
import type { FailureExplanation } from "../../src/core/errors/connection-failure.ts";
import { failureCode } from "../../src/core/errors/connection-failure.ts";
import { explainPostgresFailure } from "../../src/db/connect/explain-failure.ts";
import { reasonOf } from "../../src/kit/health/reason.ts";
import { explainRedisFailure } from "../../src/redis/connect/explain-failure.ts";
import * as postgres from "../db/connect/failure-cases.ts";
import * as redis from "../redis/failure-cases.ts";
import { without } from "../shared/programs.ts";
import { runProgram } from "../shared/run-program.ts";

const skip = without("pg_virtualenv") || without("pgbouncer") || without("redis-server") || without("openssl");
const page = new URL("../../docs/stores.md", import.meta.url);

/** With this variable, as in `npm run stores-page`, the table is written instead of compared. */
const isWriting = process.env["WRITE_STORES_PAGE"] !== undefined;

/** The causes for which the test also runs `migrate`. Not for all causes, because each start takes a second. */
const causesForMigrate = ["wrong password", "certificate of an unknown authority", "pooler without DB_POOLER"];
const main = fileURLToPath(new URL("../../src/main.ts", import.meta.url));

type Failure = { cause: string; error: unknown };
type Explain = (error: unknown) => FailureExplanation | undefined;

async function failuresOf<Case extends { cause: string }>(
  cases: readonly Case[],
  failureOf: (failureCase: Case) => Promise<unknown>,
): Promise<Failure[]> {
  const failures: Failure[] = [];
  for (const failureCase of cases) failures.push({ cause: failureCase.cause, error: await failureOf(failureCase) });
  return failures;
}

/** Returns the reason that the health check reports for an error, and the log line of the connection. */
async function reportedFor(error: unknown, explain: Explain) {
  const lines: string[] = [];
  const logger = { warn: (...line: unknown[]) => void lines.push(JSON.stringify(line)) };
  const log = createConnectionLog({ logger, store: "store", explain });
  const reason = await log.watch(() => Promise.reject(error)).then(() => undefined, reasonOf);
  return { reason, line: lines.join() };
}

async function checkTable(name: string, failures: readonly Failure[], explain: Explain): Promise<void> {
  const row = async ({ cause, error }: Failure) => {
    const explanation = explain(error);
    assert.ok(explanation !== undefined, `${cause} is not explained: ${String(error)}`);
    const { reason, line } = await reportedFor(error, explain);
    assert.equal(reason, explanation.reason, cause);
    assert.ok(line.includes(explanation.sentence), cause);
    assert.doesNotMatch(line, /127\.0\.0\.1|localhost|\.invalid|hunter|haven-/, cause);
    // A connection that the server closes has one of three codes, depending on what the client does at that moment.
    const code = explanation.reason === "reset" ? "ECONNRESET" : (failureCode(error) ?? "none");
    return `| ${cause} | \`${code}\` | \`${explanation.reason}\` | ${explanation.sentence} |`;
  };
  const rows = await Promise.all(failures.map(row));
  const table = ["| cause | code | reason | sentence |", "| --- | --- | --- | --- |", ...rows].join("\n");
  const between = new RegExp(`(<!-- failures:${name} -->\n)[^]*?(<!-- /failures:${name} -->)`);
  const text = readFileSync(page, "utf8");
  const written = text.replace(between, (_, open: string, close: string) => `${open}\n${table}\n\n${close}`);
  if (isWriting) writeFileSync(page, written);
  else assert.equal(written, text, "npm run stores-page writes the tables of docs/stores.md");
}

test("each failure to connect to Postgres is explained as docs/stores.md states", { skip }, async () => {
  const cases = await postgres.postgresFailureCases();
  const failures = await failuresOf(cases, postgres.failureOf);
  await checkTable("postgres", failures, explainPostgresFailure);
  for (const { cause, environment } of cases.filter((one) => causesForMigrate.includes(one.cause))) {
    const env = { PATH: process.env["PATH"], ...environment };
    const { code, output } = await runProgram(process.execPath, [main, "migrate"], { env });
    const { sentence } = explainPostgresFailure(failures.find((one) => one.cause === cause)?.error) ?? {};
    assert.ok(sentence !== undefined && output.startsWith(sentence), `${cause}: ${output}`);
    assert.equal(output.split("\n").length, 2, output);
    assert.equal(code, 1);
  }
});

test("each failure to connect to Redis is explained as docs/stores.md states", { skip }, async () => {
  const failures = await failuresOf(await redis.redisFailureCases(), redis.failureOf);
  await checkTable("redis", failures, explainRedisFailure);
});
