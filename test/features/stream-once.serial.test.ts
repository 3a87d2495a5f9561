import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { eventually } from "../shared/eventually.ts";
import { sameSecret } from "../shared/requests/people.ts";
import { type OpenStream, openStream, type StreamEvent } from "../shared/requests/stream.ts";
import { freshDatabase } from "../shared/servers/database.ts";
import { startHavenProcess } from "../shared/servers/haven-process.ts";
import { freshRedis } from "../shared/servers/redis.ts";
import { askForRepair, moveRequest, newOwner, type Owner } from "../support/maintenance-fixtures.ts";
import { startPair } from "../support/two-instances.ts";

const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, index) => from + index);
const allSteps = ["created", "in_progress", "resolved", "closed"];
const laterSteps = ["in_progress", "resolved", "closed"];

/** Does the work on one running instance after another until it succeeds. The work has to be idempotent. */
async function untilDone<T>(urls: () => readonly string[], work: (url: string) => Promise<T>): Promise<T> {
  const until = Date.now() + 60_000;
  for (let tries = 0; ; tries += 1) {
    const left = urls();
    const url = left[tries % left.length] ?? "";
    try {
      return await work(url);
    } catch (cause) {
      if (Date.now() > until) throw new Error(`not done after ${tries} tries`, { cause });
      await sleep(25);
    }
  }
}

/** Writes events with many concurrent writers, so that transactions overlap and commit out of order. */
async function writeConcurrently(
  urls: () => readonly string[],
  owner: Owner,
  writers: number,
  each: number,
): Promise<void> {
  const write = async (writer: number) => {
    for (let number = 0; number < each; number += 1) {
      const key = `life-${writer}-${number}`;
      const id = await untilDone(urls, (url) => askForRepair(url, owner, key, key));
      for (const status of laterSteps) await untilDone(urls, (url) => moveRequest(url, owner, id, status));
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

test("a client that reconnects after three kills receives each of 500 events once and in order", async () => {
  const stores = { DATABASE_URL: await freshDatabase(), REDIS_URL: await freshRedis() };
  // Requests are never rejected because of overload, so that a slow machine does not fail this test.
  const env = { ...sameSecret, ...stores, OVERLOAD_DELAY_MS: "0" };
  const all = await Promise.all(range(1, 4).map(() => startHavenProcess({ env })));
  const left = [...all];
  const owner = await newOwner(all[0]?.url ?? "");
  const killAt = [100, 230, 360];
  const seen: StreamEvent[] = [];
  const endings: string[] = [];

  const follow = async () => {
    let lastEventId = "0";
    while (seen.length < 500) {
      const instance = left[0];
      assert.ok(instance);
      const onEvent = (event: StreamEvent) => {
        seen.push(event);
        // Events in transit when the instance was killed still arrive.
        if (left[0] !== instance || seen.length < (killAt[0] ?? Number.POSITIVE_INFINITY)) return;
        killAt.shift();
        left.shift();
        instance.child.kill("SIGKILL");
      };
      const stream = await openStream(instance.url, owner, { lastEventId, onEvent });
      while (seen.length < 500 && !stream.isClosed()) await sleep(5);
      lastEventId = stream.lastEventId();
      stream.close();
      const ending = await stream.closed;
      endings.push(stream.status === 200 ? ending : `${stream.status}`);
    }
  };
  const steady = await openStream(all[3]?.url ?? "", owner, { lastEventId: 0 });
  await Promise.all([follow(), writeConcurrently(() => left.map(({ url }) => url), owner, 25, 5)]);
  await steady.until(500, 30_000);
  assert.deepEqual(endings, ["cut", "cut", "cut", "cut"]);
  assert.deepEqual(steady.events, seen);
  assertCompleteSequences(seen);
});

test("streams that open while events are written miss none and repeat none, whatever their start position", async () => {
  const [one, two] = await startPair({ STREAM_POLL_MS: "60000", STREAM_MAX_PER_USER: "10000" });
  const urls = [one.url, two.url];
  const owner = await newOwner(one.url);
  const opened: { stream: OpenStream; from: number | undefined }[] = [];
  let writing = true;
  const writers = writeConcurrently(() => urls, owner, 6, 15).then(() => {
    writing = false;
  });
  const first = await openStream(one.url, owner, { lastEventId: 0 });
  const openRepeatedly = async (worker: number) => {
    for (let round = worker; writing; round += 1) {
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
    const begin = Number(/\nid: (\d+)\n/.exec(stream.text())?.[1]);
    if (from !== undefined) assert.equal(begin, from);
    await stream.until(360 - begin);
    assert.deepEqual(stream.events, first.events.slice(begin));
  }
});
