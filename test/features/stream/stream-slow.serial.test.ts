import assert from "node:assert/strict";
import { test } from "node:test";
import { atEnd } from "../../shared/at-end.ts";
import { eventually } from "../../shared/eventually.ts";
import { sameSecret } from "../../shared/requests/people.ts";
import { openStream } from "../../shared/requests/stream.ts";
import { startHavenProcess } from "../../shared/servers/haven-process.ts";
import { freshDatabase } from "../../shared/servers/stores/database.ts";
import { openBareStream } from "../../support/bare-stream.ts";
import { createRequest, newOwner, writeMany } from "../../support/fixtures/maintenance-fixtures.ts";
import { metric, residentMegabytes } from "../../support/metric.ts";

test("the server disconnects clients that stop reading before they cost much memory, and a slow client receives every event", async () => {
  const eventCount = 300;
  const stuckCount = 30;
  const databaseUrl = await freshDatabase();
  const env = { ...sameSecret, DATABASE_URL: databaseUrl, STREAM_STALL_MS: "1200" };
  const { url, port } = await startHavenProcess({ env });
  const owner = await newOwner(url);
  const steady = await openStream(url, owner, { lastEventId: 0 });
  const stuck = await Promise.all(
    Array.from({ length: stuckCount }, () => openBareStream(port, owner, () => undefined)),
  );
  for (const socket of stuck) socket.pause();
  const beforeMb = await residentMegabytes(url);

  // The events have 20 MB, so buffering all of them for each stuck client would take 600 MB.
  await writeMany(databaseUrl, owner, eventCount, 66_000);
  const pauses = setInterval(() => {
    steady.response.pause();
    setTimeout(() => steady.response.resume(), 30);
  }, 40);
  atEnd(() => clearInterval(pauses));
  let peakMb = beforeMb;
  await eventually(
    async () => {
      peakMb = Math.max(peakMb, await residentMegabytes(url));
      return metric(url, 'stream_cut_total{reason="slow"}');
    },
    (cuts) => cuts === stuckCount,
    15_000,
    100,
  );
  assert.ok(peakMb - beforeMb < 350, `${peakMb - beforeMb} MB more`);
  await steady.until(eventCount, 5000);
  assert.deepEqual(
    steady.events.map(({ position }) => position),
    Array.from({ length: eventCount }, (_, index) => index + 1),
  );
  await createRequest(url, owner);
  await steady.until(eventCount + 1);
  assert.equal(await metric(url, "streams_open"), 1);
});
