import assert from "node:assert/strict";
import { test } from "node:test";
import { eventually } from "../../shared/eventually.ts";
import { sameSecret } from "../../shared/requests/people.ts";
import { startHavenProcess } from "../../shared/servers/haven-process.ts";
import { startStopwatch } from "../../shared/stopwatch.ts";
import { openBareStream } from "../../support/bare-stream.ts";
import { createRequest, newOwner } from "../../support/fixtures/maintenance-fixtures.ts";
import { metric, residentMegabytes } from "../../support/metric.ts";

test("2,000 streams of one owner take less than 70 kB each, and receive an event within 2 s", async () => {
  const streamCount = 2000;
  const { url, port } = await startHavenProcess({ env: { ...sameSecret, STREAM_MAX_PER_USER: String(streamCount) } });
  const owner = await newOwner(url);
  let received = 0;
  const onEvent = () => {
    received += 1;
  };
  const openStreams = async (count: number) => {
    for (let opened = 0; opened < count; opened += 50) {
      await Promise.all(Array.from({ length: 50 }, () => openBareStream(port, owner, onEvent)));
    }
  };
  await openStreams(100);
  const before = await residentMegabytes(url);
  await openStreams(streamCount - 100);
  const kilobytesEach = ((await residentMegabytes(url)) - before) / 1.9;
  // About 13 kB per stream remain after garbage collection.
  assert.ok(kilobytesEach < 70, `${kilobytesEach} kB for a stream`);

  const elapsedMs = startStopwatch();
  await createRequest(url, owner);
  await eventually(
    () => received,
    (count) => count === streamCount,
    5000,
    2,
  );
  const tookMs = elapsedMs();
  assert.ok(tookMs < 2000, `the last event was received after ${tookMs} ms`);
  assert.equal(await metric(url, "streams_open"), streamCount);
  assert.equal(await metric(url, "stream_events_sent_total"), streamCount);
});
