import assert from "node:assert/strict";
import { test } from "node:test";
import { capabilityOf } from "../../src/db/statement.ts";

const statements = [
  ["SELECT id, updated_at, deleted FROM users", "read"],
  ["\n    WITH newest AS (SELECT 1) SELECT * FROM newest", "read"],
  ["SELECT id FROM users WHERE id = $1 FOR UPDATE", "write"],
  ["SELECT id FROM users WHERE id = $1 FOR NO KEY UPDATE", "write"],
  ["SELECT id FROM users FOR SHARE", "write"],
  ["WITH written AS (INSERT INTO fleet DEFAULT VALUES RETURNING 1) SELECT count(*) FROM written", "write"],
  ["select nextval('numbers')", "write"],
  ["INSERT INTO users (id) VALUES ($1)", "write"],
  ["UPDATE users SET active = false", "write"],
  ["DELETE FROM users", "write"],
  ["COMMIT", "write"],
] as const;

for (const [sql, capability] of statements) {
  test(`${sql.trim()} requires the capability ${capability}`, () => assert.equal(capabilityOf(sql), capability));
}
