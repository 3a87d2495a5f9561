import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { test } from "node:test";
import type { FailureExplanation } from "../../src/core/connection-failure.ts";
import { failureCode } from "../../src/core/connection-failure.ts";
import { explainPostgresFailure } from "../../src/db/connect/explain-failure.ts";
import { explainRedisFailure } from "../../src/redis/connect/explain-failure.ts";
import * as postgres from "../db/connect/failure-cases.ts";
import * as redis from "../redis/failure-cases.ts";
import { without } from "../shared/programs.ts";

const skip = without("pg_virtualenv") || without("pgbouncer") || without("redis-server") || without("openssl");
const page = new URL("../../docs/stores.md", import.meta.url);

/** With this variable, as in `npm run stores-page`, the table is written instead of compared. */
const isWriting = process.env["WRITE_STORES_PAGE"] !== undefined;

type Failure = { cause: string; error: unknown };
type Explain = (error: unknown) => FailureExplanation | undefined;

async function failuresOf<Case extends { cause: string }>(
  cases: readonly Case[],
  failureOf: (one: Case) => Promise<unknown>,
): Promise<Failure[]> {
  const failures: Failure[] = [];
  for (const one of cases) failures.push({ cause: one.cause, error: await failureOf(one) });
  return failures;
}

function checkTable(name: string, failures: readonly Failure[], explain: Explain): void {
  const rows = failures.map(({ cause, error }) => {
    const found = explain(error);
    assert.ok(found !== undefined, `${cause} is not explained: ${String(error)}`);
    assert.doesNotMatch(found.sentence, /127\.0\.0\.1|localhost|\.invalid|hunter|haven-/, cause);
    // The code is EPIPE if the client writes after the server has closed the connection.
    const code = failureCode(error)?.replace("EPIPE", "ECONNRESET") ?? "none";
    return `| ${cause} | \`${code}\` | \`${found.reason}\` | ${found.sentence} |`;
  });
  const table = ["| cause | code | reason | sentence |", "| --- | --- | --- | --- |", ...rows].join("\n");
  const between = new RegExp(`(<!-- failures:${name} -->\n)[^]*?(<!-- /failures:${name} -->)`);
  const text = readFileSync(page, "utf8");
  const written = text.replace(between, (_, open: string, close: string) => `${open}\n${table}\n\n${close}`);
  if (isWriting) writeFileSync(page, written);
  else assert.equal(written, text, "npm run stores-page writes the tables of docs/stores.md");
}

test("each failure to connect to Postgres is explained as docs/stores.md states", { skip }, async () => {
  const failures = await failuresOf(await postgres.postgresFailureCases(), postgres.failureOf);
  checkTable("postgres", failures, explainPostgresFailure);
});

test("each failure to connect to Redis is explained as docs/stores.md states", { skip }, async () => {
  const failures = await failuresOf(await redis.redisFailureCases(), redis.failureOf);
  checkTable("redis", failures, explainRedisFailure);
});
