import assert from "node:assert/strict";
import { test } from "node:test";
import { uuidv7 } from "../../../src/core/ids.ts";
import { eventually } from "../../shared/eventually.ts";
import { register, sameSecret } from "../../shared/requests/people.ts";
import { asAppRole, freshDatabase, query } from "../../shared/servers/stores/database.ts";
import { freshRedis } from "../../shared/servers/stores/redis.ts";
import { startHaven } from "../../support/haven.ts";

const dayMs = 86_400_000;

test("security events, audit entries and invitations are deleted after their retention time, and not before", async () => {
  const database = await freshDatabase();
  const stores = { ...sameSecret, DATABASE_URL: asAppRole(database), REDIS_URL: await freshRedis() };
  const first = await startHaven({ env: stores });
  const { userId } = await register(first.url);
  await first.stop();
  const ids = [29, 31, 59, 61].map((days) => uuidv7(Date.now() - days * dayMs));
  for (const id of ids) {
    await query(
      database,
      "INSERT INTO security_events (id, user_id, type, request_id) VALUES ($1, $2, 'logged_out', 'a-request')",
      [id, userId],
    );
    await query(database, "INSERT INTO audit_events (id, action, details) VALUES ($1, 'user_activated', '{}')", [id]);
    await query(database, "INSERT INTO invitations (id, email, expires_at) VALUES ($1, 'guest@example.org', $2)", [
      id,
      new Date(Date.now() - dayMs),
    ]);
  }
  const backlog = `INSERT INTO audit_events (id, action, details)
                   SELECT ('01700000-0000-7000-8000-' || lpad(n::text, 12, '0'))::uuid, 'user_activated', '{}'
                   FROM generate_series(1, 2500) AS n`;
  await query(database, backlog);
  await startHaven({ env: { ...stores, EVENT_RETENTION_DAYS: "30", AUDIT_RETENTION_DAYS: "60" } });
  const remainingIds = async (table: string) =>
    (await query<{ id: string }>(database, `SELECT id FROM ${table} WHERE id <= $1 ORDER BY id DESC`, [ids[0]])).map(
      ({ id }) => id,
    );
  await eventually(
    () => remainingIds("invitations"),
    (rows) => rows.length === 1,
    30_000,
    200,
  );
  assert.deepEqual(await remainingIds("security_events"), ids.slice(0, 1));
  assert.deepEqual(await remainingIds("audit_events"), ids.slice(0, 3));
  assert.deepEqual(await remainingIds("invitations"), ids.slice(0, 1));
});
