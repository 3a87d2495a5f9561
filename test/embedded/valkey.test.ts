import assert from "node:assert/strict";
import { connect } from "node:net";
import { after, before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { Redis } from "ioredis";
import { sendSignal } from "../../src/embedded/processes/processes.ts";
import { startValkey, type Valkey } from "../../src/embedded/valkey/start-valkey.ts";
import { descendants, eventually, onLinux, redis, silent, stillRunning } from "./support/engines.ts";

const median = (values: number[]) => values.sort((a, b) => a - b)[values.length >> 1] ?? Number.NaN;
const password = "correct-horse";
let shared: Valkey;

before(async () => {
  shared = await startValkey({ log: silent, password });
});
after(() => shared.stop());

async function medianMs(times: number, work: () => Promise<unknown>): Promise<number> {
  const tookMs: number[] = [];
  for (let i = 0; i < times; i++) {
    const startedAt = performance.now();
    await work();
    tookMs.push(performance.now() - startedAt);
  }
  return median(tookMs);
}

test("a single command is answered within 2 ms", (t) =>
  redis(shared.url, async (client) => {
    const pingMs = await medianMs(500, () => client.ping());
    const sha = String(await client.script("LOAD", "return redis.call('incr', KEYS[1])"));
    const scriptMs = await medianMs(500, () => client.evalsha(sha, 1, "lone"));
    t.diagnostic(`median: ping ${pingMs.toFixed(3)} ms, script ${scriptMs.toFixed(3)} ms`);
    assert.ok(pingMs < 2 && scriptMs < 2);
  }));

test("50 concurrent clients get their own answers while 1,000 others connect and disconnect", async () => {
  const clients = Array.from({ length: 50 }, () => new Redis(shared.url));
  try {
    const answers = clients.map(async (client, number) => {
      for (let i = 0; i < 50; i++) assert.equal(await client.echo(`${number}:${i}`), `${number}:${i}`);
    });
    for (let i = 0; i < 1_000; i++) await askOnce("PING\r\n", "-NOAUTH");
    await Promise.all(answers);
  } finally {
    for (const client of clients) client.disconnect();
  }
});

function askOnce(command: string, answer: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port: shared.port, host: "127.0.0.1" }, () => socket.write(command));
    socket.setTimeout(2_000, () => reject(new Error("no answer")));
    socket.once("error", reject);
    socket.once("data", (data) => {
      socket.destroy();
      if (data.toString().startsWith(answer)) resolve();
      else reject(new Error(data.toString()));
    });
  });
}

test("the embedded Valkey has 1,024 databases, enough for all test files", async () => {
  await redis(`${shared.url}/1`, (client) => client.set("where", "1"));
  await redis(`${shared.url}/1023`, async (client) => {
    assert.equal(await client.get("where"), null);
    await client.set("where", "1023");
  });
  assert.equal(await redis(`${shared.url}/1`, (client) => client.get("where")), "1");
});

test("Valkey accepts a large value and a long pipeline, and a client that disconnects within a command has no effect", () =>
  redis(shared.url, async (client) => {
    const large = "x".repeat(1 << 20);
    await client.set("large", large);
    assert.equal(await client.get("large"), large);
    const socket = connect({ port: shared.port, host: "127.0.0.1" });
    await new Promise<void>((resolve) => socket.write("*3\r\n$3\r\nSET\r\n$1\r\na\r\n$9999\r\nabc", () => resolve()));
    socket.destroy();
    const pipeline = client.pipeline();
    for (let i = 0; i < 20_000; i++) pipeline.incr("long");
    assert.deepEqual((await pipeline.exec())?.at(-1), [null, 20_000]);
  }));

test("keys expire, a blocking command returns, and messages are delivered", () =>
  redis(shared.url, async (client) => {
    await client.set("brief", "1", "PX", 100);
    await redis(shared.url, async (other) => {
      const popped = other.blpop("queue", 5);
      await sleep(50);
      await client.lpush("queue", "job");
      assert.deepEqual(await popped, ["queue", "job"]);
      const message = new Promise((resolve) => other.on("message", (_, text) => resolve(text)));
      await other.subscribe("news");
      await client.publish("news", "hello");
      assert.equal(await message, "hello");
    });
    await sleep(100);
    assert.equal(await client.get("brief"), null);
  }));

test("a client in MONITOR mode receives each command", () =>
  redis(shared.url, async (client) => {
    const monitor = await client.monitor();
    const seen: string[] = [];
    monitor.on("monitor", (_: string, words: string[]) => seen.push(words.join(" ")));
    await client.get("watched");
    await eventually(1_000, async () => seen.includes("get watched"));
    monitor.disconnect();
  }));

test("a killed Valkey is restarted on the same port without data, and a client reconnects", {
  timeout: 20_000,
}, async (t) => {
  const events: string[] = [];
  const valkey = await startValkey({ log: ({ event }) => events.push(event), password });
  t.after(() => valkey.stop());
  const client = new Redis(valkey.url, { retryStrategy: () => 50, maxRetriesPerRequest: null });
  client.on("error", () => {});
  t.after(() => client.disconnect());
  await client.set("held", "1");
  const before = valkey.pid() ?? 0;
  sendSignal(before, "SIGKILL");
  const tookMs = await eventually(5_000, async () => (await client.get("held")) === null);
  assert.ok(tookMs < 5_000);
  assert.notEqual(valkey.pid(), before);
  await eventually(1_000, async () => events.includes("restarted"));
});

test("Valkey stops in time while an endless script runs", { timeout: 20_000, skip: !onLinux }, async () => {
  const before = await descendants(process.pid);
  const valkey = await startValkey({ log: silent });
  const own = (await descendants(process.pid)).filter((pid) => !before.includes(pid));
  void redis(valkey.url, (client) => client.eval("while true do end", 0)).catch(() => {});
  await sleep(200);
  const startedAt = Date.now();
  await valkey.stop();
  assert.ok(Date.now() - startedAt < 1_500);
  assert.deepEqual(await stillRunning(own), []);
});
