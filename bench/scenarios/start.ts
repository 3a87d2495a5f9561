import { setTimeout as sleep } from "node:timers/promises";
import { interleave } from "../interleave.ts";
import { residentBytes } from "../memory.ts";
import { atMost, type Outcome, type RunLength, type Scenario } from "../report/outcome.ts";
import { ratios, spreadOf } from "../report/statistics.ts";
import type { Server } from "../servers.ts";
import type { Testbed } from "../testbed.ts";

export const start: Scenario = {
  name: "start",
  title: "From the start command to ready",
  why: `Production runs a bundle, because 900 modules take longer to load one by one than everything else that a start does.
    Each check starts as soon as its client exists, and its first result counts at once. Large parts that are rarely needed
    are loaded at their first use: the image library, the API reference, password hashing, SMTP and the doctor. The young
    generation of V8 grows only under load.`,
  changed: "Production runs a bundle, and large parts are loaded at their first use.",
  run,
};

/** The wait after the start, so that the first checks have run and their garbage has been collected. */
const idleMs = 5000;

async function run(testbed: Testbed, { rounds }: RunLength): Promise<Outcome> {
  const idleBytes: number[] = [];
  const timeOf = (start: () => Promise<Server>, whenIdle?: (server: Server) => void) => async () => {
    const begunAt = performance.now();
    const server = await start();
    const seconds = (performance.now() - begunAt) / 1000;
    if (whenIdle !== undefined) {
      await sleep(idleMs);
      whenIdle(server);
    }
    await server.stop();
    return seconds;
  };
  const measured = await interleave(rounds, {
    Haven: timeOf(testbed.haven, ({ pid }) => idleBytes.push(residentBytes(pid))),
    "bare Express": timeOf(() => testbed.peer("express-property")),
  });
  return {
    claims: [
      {
        what: "time from the start of the compiled server until it is ready, with Postgres and Redis running, relative to bare Express with pg and ioredis",
        bound: atMost(2),
        measured: spreadOf(ratios(measured.Haven, measured["bare Express"])),
        unit: "ratio",
        because: "Most of the time goes into loading the code, of which Haven has several times as much.",
      },
      {
        what: "memory of an idle instance",
        bound: atMost(120),
        measured: spreadOf(idleBytes.map((bytes) => bytes / 1e6)),
        unit: "MB",
      },
    ],
    charts: [
      {
        name: "start",
        title: "Time until ready",
        unit: "s",
        bars: [
          { label: "Haven", spread: spreadOf(measured.Haven), ours: true },
          { label: "bare Express", spread: spreadOf(measured["bare Express"]), ours: false },
        ],
      },
    ],
    notes: [],
  };
}
