import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { getConstructionPlans } from "pg-boss";
import { jobSchema } from "../../src/db/app-role.ts";

/** Statements for a transaction, a lock and limits, which the migration runner has itself. */
const transactionStatement = /^\s*(?:BEGIN|COMMIT|SET LOCAL \w+ = \d+|SELECT pg_advisory_xact_lock\(.*\));$/;

const linesOf = (sql: string) =>
  sql
    .split("\n")
    .map((line) => line.trimEnd())
    .filter((line) => line !== "" && !transactionStatement.test(line));

test("the migration of the job queue creates the tables that the installed version of pg-boss requires", () => {
  const migration = readFileSync(new URL("../../src/db/migrations/0011_job_queue.sql", import.meta.url), "utf8");
  const plan = linesOf(getConstructionPlans(jobSchema));
  const begin = linesOf(migration).indexOf(plan[0] ?? "");
  assert.deepEqual(linesOf(migration).slice(begin, begin + plan.length), plan);
});
