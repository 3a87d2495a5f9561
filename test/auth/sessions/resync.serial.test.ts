import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { test } from "node:test";
import { Redis } from "ioredis";
import { uuidv7 } from "../../../src/core/ids.ts";
import { atEnd } from "../../shared/at-end.ts";
import { eventually } from "../../shared/eventually.ts";
import { sameSecret } from "../../shared/requests/people.ts";
import { query } from "../../shared/servers/stores/database.ts";
import { startFaultyHaven } from "../../support/faulty-haven.ts";

const revocationCount = 20_000;
const latencyMs = 20;
const limitMs = 20_000;

test(`after a failover of Redis ${revocationCount} revocations are applied again, the newest first, within ${limitMs / 1000} s`, async (t) => {
  const haven = await startFaultyHaven({ env: { ...sameSecret, REDIS_COMMAND_TIMEOUT_MS: "2000" } });
  const redis = new Redis(haven.redisUrl);
  atEnd(() => redis.disconnect());
  const sessions = Array.from({ length: revocationCount }, () => ({ userId: randomUUID(), id: uuidv7() }));
  // Inserts the rows in a random order, so that their order in the table is not their order in time.
  await query(
    haven.databaseUrl,
    `INSERT INTO session_revocations (session_id, user_id, revoked_at, expires_at)
     SELECT id, user_id, now() - make_interval(secs => place), now() + interval '1 day'
     FROM unnest($1::uuid[], $2::uuid[]) WITH ORDINALITY AS revoked (id, user_id, place) ORDER BY id`,
    [sessions.map(({ id }) => id), sessions.map(({ userId }) => userId)],
  );
  const keyOf = ({ userId, id }: { userId: string; id: string }) => `haven:{${userId}}:session:${id}`;
  const keys = sessions.map(keyOf);
  const stillActive = redis.pipeline();
  for (const key of keys) stillActive.hset(key, "role", "member");
  await stillActive.exec();

  // Redis is slow, like a Redis in another zone under load. With one round trip for each revocation, the test would take 400 s.
  await haven.redis.set("reset");
  const sentBefore = haven.redis.sent().length;
  const startedAt = performance.now();
  await haven.redis.set({ delayMs: latencyMs });
  const msUntilRemoved = async (key: string) => {
    await eventually(
      () => redis.exists(key),
      (count) => count === 0,
      limitMs,
    );
    return performance.now() - startedAt;
  };
  const newestMs = await msUntilRemoved(keys[0] ?? "");
  const allMs = await msUntilRemoved(keys.at(-1) ?? "");
  assert.equal(await redis.exists(...keys), 0);
  t.diagnostic(`the newest after ${Math.round(newestMs)} ms, all ${revocationCount} after ${Math.round(allMs)} ms`);
  assert.ok(allMs < limitMs, `${allMs} ms`);

  const sent = haven.redis.sent().slice(sentBefore);
  const positions = sessions.filter((_, index) => index % 500 === 0).map(({ id }) => sent.indexOf(id));
  assert.ok(positions.every((position) => position >= 0));
  assert.deepEqual(
    positions,
    positions.toSorted((a, b) => a - b),
    "the newest revocations are sent first",
  );
});
