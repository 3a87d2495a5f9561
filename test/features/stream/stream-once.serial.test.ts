import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { eventually } from "../../shared/eventually.ts";
import { sameSecret } from "../../shared/requests/people.ts";
import { type OpenStream, openStream, type StreamEvent } from "../../shared/requests/stream.ts";
import { startHavenProcess } from "../../shared/servers/haven-process.ts";
import { freshDatabase } from "../../shared/servers/stores/database.ts";
import { freshRedis } from "../../shared/servers/stores/redis.ts";
import { createRequest, moveRequest, newOwner, type Owner } from "../../support/fixtures/maintenance-fixtures.ts";
import { startPair } from "../../support/two-instances.ts";

const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, index) => from + index);
const allSteps = ["created", "in_progress", "resolved", "closed"];
const laterSteps = ["in_progress", "resolved", "closed"];

/** Tries the work on one running instance after another until it succeeds. The work must be idempotent. */
async function retryOnInstances<T>(urls: () => readonly string[], work: (url: string) => Promise<T>): Promise<T> {
  const deadline = Date.now() + 60_000;
  for (let tries = 0; ; tries += 1) {
    const running = urls();
    const url = running[tries % running.length] ?? "";
    try {
      return await work(url);
    } catch (cause) {
      if (Date.now() > deadline) throw new Error(`no success after ${tries} tries`, { cause });
      await sleep(25);
    }
  }
}

/** Writes events with many concurrent writers, so that transactions overlap and commit out of order. */
async function writeConcurrently(
  urls: () => readonly string[],
  owner: Owner,
  writers: number,
  requestsPerWriter: number,
): Promise<void> {
  const write = async (writer: number) => {
    for (let number = 0; number < requestsPerWriter; number += 1) {
      const key = `request-${writer}-${number}`;
      const id = await retryOnInstances(urls, (url) => createRequest(url, owner, key, key));
      for (const status of laterSteps) await retryOnInstances(urls, (url) => moveRequest(url, owner, id, status));
    }
  };
  await Promise.all(range(1, writers).map(write));
}

const stepOf = ({ type, data }: StreamEvent): unknown =>
  type === "created" ? type : (data["request"] as { status: string }).status;

function assertCompleteSequences(events: readonly StreamEvent[]): void {
  assert.deepEqual(
    events.map(({ position }) => position),
    range(1, events.length),
  );
  assert.equal(new Set(events.map(({ id }) => id)).size, events.length);
  for (const [, steps] of Map.groupBy(events, ({ requestId }) => requestId))
    assert.deepEqual(steps.map(stepOf), allSteps);
}

test("a client whose instance is killed three times receives each of 500 events once and in order", async () => {
  const stores = { DATABASE_URL: await freshDatabase(), REDIS_URL: await freshRedis() };
  // Overload protection is off, so that a slow machine does not fail this test.
  const env = { ...sameSecret, ...stores, OVERLOAD_DELAY_MS: "0" };
  const instances = await Promise.all(range(1, 4).map(() => startHavenProcess({ env })));
  const running = [...instances];
  const owner = await newOwner(instances[0]?.url ?? "");
  const killAtCounts = [100, 230, 360];
  const received: StreamEvent[] = [];
  const endings: string[] = [];

  const follow = async () => {
    let lastEventId = "0";
    while (received.length < 500) {
      const instance = running[0];
      assert.ok(instance);
      const onEvent = (event: StreamEvent) => {
        received.push(event);
        // Events in transit when the instance was killed still arrive.
        if (running[0] !== instance || received.length < (killAtCounts[0] ?? Number.POSITIVE_INFINITY)) return;
        killAtCounts.shift();
        running.shift();
        instance.child.kill("SIGKILL");
      };
      const stream = await openStream(instance.url, owner, { lastEventId, onEvent });
      while (received.length < 500 && !stream.isClosed()) await sleep(5);
      lastEventId = stream.lastEventId();
      stream.close();
      const ending = await stream.closed;
      endings.push(stream.status === 200 ? ending : `${stream.status}`);
    }
  };
  const steady = await openStream(instances[3]?.url ?? "", owner, { lastEventId: 0 });
  await Promise.all([follow(), writeConcurrently(() => running.map(({ url }) => url), owner, 25, 5)]);
  await steady.until(500, 30_000);
  assert.deepEqual(endings, ["cut", "cut", "cut", "cut"]);
  assert.deepEqual(steady.events, received);
  assertCompleteSequences(received);
});

test("a stream that opens while events are written receives each event after its start position once", async () => {
  const [one, two] = await startPair({ STREAM_POLL_MS: "60000", STREAM_MAX_PER_USER: "10000" });
  const urls = [one.url, two.url];
  const owner = await newOwner(one.url);
  const opened: { stream: OpenStream; from: number | undefined }[] = [];
  let isWriting = true;
  const writers = writeConcurrently(() => urls, owner, 6, 15).then(() => {
    isWriting = false;
  });
  const first = await openStream(one.url, owner, { lastEventId: 0 });
  const openRepeatedly = async (worker: number) => {
    for (let round = worker; isWriting; round += 1) {
      const from = round % 3 === 0 ? undefined : Math.max(0, first.events.length - (round % 40));
      const options = from === undefined ? {} : { lastEventId: from };
      opened.push({ stream: await openStream(urls[round % 2] ?? "", owner, options), from });
    }
  };
  await Promise.all([writers, ...range(1, 4).map(openRepeatedly)]);

  await first.until(360);
  assertCompleteSequences(first.events);
  assert.ok(opened.length > 100, `only ${opened.length} streams`);
  for (const { stream, from } of opened) {
    await eventually(stream.text, (text) => text.includes("\n\nid: "));
    const startPosition = Number(/\nid: (\d+)\n/.exec(stream.text())?.[1]);
    if (from !== undefined) assert.equal(startPosition, from);
    await stream.until(360 - startPosition);
    assert.deepEqual(stream.events, first.events.slice(startPosition));
  }
});
