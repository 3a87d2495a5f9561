import { freePort } from "../../test/shared/free-port.ts";
import { openStream } from "../../test/shared/requests/stream.ts";
import { newOwner } from "../load/owner.ts";
import { FailedRequests } from "../load/wrk.ts";
import { heldBytes } from "../memory.ts";
import { atMost, type Outcome, type RunLength, type Scenario } from "../report/outcome.ts";
import { spreadOf } from "../report/statistics.ts";
import type { Testbed } from "../testbed.ts";

export const streams: Scenario = {
  name: "streams",
  title: "Two thousand open streams",
  why: `One timer sends the heartbeats of all streams, and one query finds the owners with new events. The new events of an
    owner are read once and written as the same bytes to all streams of that owner. A client that reads too slowly is
    disconnected, so that unsent events do not fill the memory.`,
  run,
};

async function run(testbed: Testbed, { rounds, quick }: RunLength): Promise<Outcome> {
  const count = quick ? 200 : 2000;
  const kilobytes: number[] = [];
  for (let round = 0; round < Math.min(rounds, 3); round += 1)
    kilobytes.push((await bytesPerStream(testbed, count, quick)) / 1000);
  return {
    claims: [
      {
        what: `${count.toLocaleString("en")} open streams: memory per stream after a garbage collection`,
        bound: atMost(20),
        measured: spreadOf(kilobytes),
        unit: "kB",
      },
    ],
    charts: [],
    notes: [],
  };
}

/** Returns the memory of an open stream in a new server. */
export async function bytesPerStream(testbed: Testbed, count: number, quick: boolean): Promise<number> {
  const inspector = await freePort();
  const haven = await testbed.haven({ STREAM_MAX_PER_USER: String(count) }, [`--inspect=127.0.0.1:${inspector}`]);
  const held = () => heldBytes({ host: "127.0.0.1", port: inspector }, quick ? 0 : undefined);
  const owner = await newOwner(haven.url, `listener-${inspector}@example.org`);
  const signedIn = { accessToken: owner.headers.authorization.slice("Bearer ".length) };
  // The first streams also allocate fixed costs, so they are opened before the measurement.
  const opened = [];
  for (let number = 0; number < 50; number += 1) opened.push(await openStream(haven.url, signedIn));
  const before = await held();
  while (opened.length < count) {
    opened.push(...(await Promise.all(Array.from({ length: 50 }, () => openStream(haven.url, signedIn)))));
  }
  const after = await held();
  if (opened.some(({ status, isClosed }) => status !== 200 || isClosed()))
    throw new FailedRequests("A stream was cut.");
  for (const stream of opened) stream.close();
  await haven.stop();
  return (after - before) / (count - 50);
}
