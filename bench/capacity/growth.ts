import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { freePort } from "../../test/shared/free-port.ts";
import { query } from "../../test/shared/servers/stores/database.ts";
import { askRedis } from "../../test/shared/servers/stores/redis-servers.ts";
import { addProperties } from "../load/add-properties.ts";
import type { Owner } from "../load/owner.ts";
import { runWrk } from "../load/wrk.ts";
import { heldBytes } from "../memory.ts";
import type { RunLength } from "../report/outcome.ts";
import { spreadOf } from "../report/statistics.ts";
import type { Server } from "../servers.ts";
import type { Testbed } from "../testbed.ts";
import type { Growth } from "./figures.ts";

type Step = Growth["steps"][number];

async function readSpeed({ url }: Server, owner: Owner, { rounds, seconds }: RunLength) {
  const target = { url: `${url}/api/v1/properties/${owner.propertyId}`, headers: owner.headers };
  await runWrk({ ...target, seconds });
  const results = [];
  for (let round = 0; round < Math.min(rounds, 5); round += 1)
    results.push(await runWrk({ ...target, seconds: 2 * seconds }));
  return {
    perSecond: spreadOf(results.map(({ perSecond }) => perSecond)).median,
    p99Ms: spreadOf(results.map(({ p99Ms }) => p99Ms)).median,
  };
}

/** Measures an authenticated GET while more and more other connections are open and idle. */
export async function growConnections(testbed: Testbed, owner: Owner, runLength: RunLength): Promise<Growth> {
  const inspector = await freePort();
  const haven = await testbed.haven({}, [`--inspect=127.0.0.1:${inspector}`]);
  const held = () => heldBytes({ host: "127.0.0.1", port: inspector }, runLength.quick ? 0 : undefined);
  const open: Socket[] = [];
  const steps: Step[] = [];
  for (const count of runLength.quick ? [1, 100] : [1, 100, 1000, 10_000]) {
    while (open.length < count) {
      const missing = Math.min(100, count - open.length);
      open.push(...(await Promise.all(Array.from({ length: missing }, () => keptAlive(haven.port)))));
    }
    steps.push({ count, ...(await readSpeed(haven, owner, runLength)), bytes: await held() });
  }
  for (const socket of open) socket.destroy();
  await haven.stop();
  return { what: "open idle connections", steps, bytesOf: "memory of the instance" };
}

/** Opens a connection and sends one request, after which the connection stays open. */
async function keptAlive(port: number): Promise<Socket> {
  const socket = connect({ host: "127.0.0.1", port });
  socket.write("GET /alive HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n");
  await once(socket, "data");
  return socket;
}

export async function growRows(testbed: Testbed, owner: Owner, runLength: RunLength): Promise<Growth> {
  const haven = await testbed.haven();
  const steps: Step[] = [];
  let rows = 1;
  for (const count of runLength.quick ? [1, 1000] : [1, 1000, 100_000, 1_000_000]) {
    if (count > rows) await addProperties(testbed.databaseUrl, owner, { from: rows, to: count - 1 });
    rows = count;
    const size = "SELECT pg_total_relation_size('properties')::float8 AS bytes";
    const [{ bytes } = { bytes: 0 }] = await query<{ bytes: number }>(testbed.databaseUrl, size);
    steps.push({ count, ...(await readSpeed(haven, owner, runLength)), bytes });
  }
  await haven.stop();
  return { what: "rows of one owner", steps, bytesOf: "table with its indexes" };
}

/** Copies the session of the owner under keys of other users. */
const copySessions = `local fields = redis.call('HGETALL', KEYS[1])
  local ttl = redis.call('PTTL', KEYS[1])
  for n = tonumber(ARGV[1]), tonumber(ARGV[2]) do
    local user = string.format('%08d-0000-7000-8000-000000000000', n)
    redis.call('HSET', 'haven:{' .. user .. '}:session:' .. user, unpack(fields))
    redis.call('PEXPIRE', 'haven:{' .. user .. '}:session:' .. user, ttl)
    redis.call('ZADD', 'haven:{' .. user .. '}:sessions', n, user)
  end`;

const sessionsPerScript = 10_000;

/** Each request reads its session from Redis here, because remembered sessions would hide the size of Redis. */
export async function growSessions(testbed: Testbed, owner: Owner, runLength: RunLength): Promise<Growth> {
  const haven = await testbed.haven({ SESSION_CACHE: "off" });
  const key = `haven:{${owner.userId}}:session:${owner.sessionId}`;
  const steps: Step[] = [];
  let sessions = 1;
  for (const count of runLength.quick ? [1, 1000] : [1, 1000, 100_000, 1_000_000]) {
    for (let from = sessions; from < count; from += sessionsPerScript) {
      const to = Math.min(count - 1, from + sessionsPerScript - 1);
      await askRedis(testbed.redisPort, "eval", copySessions, 1, key, from, to);
    }
    sessions = count;
    const info = String(await askRedis(testbed.redisPort, "info", "memory"));
    const bytes = Number(/^used_memory:(\d+)/m.exec(info)?.[1]);
    steps.push({ count, ...(await readSpeed(haven, owner, runLength)), bytes });
  }
  await haven.stop();
  return { what: "active sessions", steps, bytesOf: "memory of Redis" };
}
