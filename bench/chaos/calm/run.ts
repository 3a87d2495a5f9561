import { setTimeout as sleep } from "node:timers/promises";
import { allCheckNames } from "../../../src/config/parsers/checks-and-probes.ts";
import { cleanUp } from "../../../test/shared/at-end.ts";
import { twoIntervalsMs } from "../faults/fault.ts";
import { isExact } from "../load/ledger.ts";
import { startLoad } from "../load/load.ts";
import { isFailure, kindLabels } from "../load/records.ts";
import { startTestbed } from "../testbed/testbed.ts";
import { single } from "../topologies/single.ts";
import { findUntrueStates, type Restart } from "./judge-states.ts";
import { watchStates } from "./watch-states.ts";

/** Two check intervals, the time-out of one check (2 s), and 0.5 s because the states are polled. */
const recoveryMs = twoIntervalsMs + 2500;

/**
 * Runs normal load for some minutes, with a rolling restart, a migration, and a restart of each store. Returns whether
 * every state that an instance reported was true, and every acknowledged write was kept.
 */
export async function runCalm(minutes: number): Promise<boolean> {
  const testbed = await startTestbed("haproxy", "haven", single);
  const { fleet, database, postgres, redis } = testbed;
  await testbed.waitUntilHealthy();
  const watching = watchStates(testbed);
  const load = startLoad(testbed.users, testbed.ledger);
  const restarts: Restart[] = [];
  const restart = async (what: string, subjects: readonly string[], work: () => Promise<unknown>) => {
    const startedAt = performance.now();
    await work();
    restarts.push({ what, subjects: ["ready", ...subjects], startedAt, endedAt: performance.now() });
  };
  const postgresChecks = ["postgres", "schema", "tables", "connections"];
  const events = [
    () =>
      restart("rolling restart", allCheckNames, async () => {
        for (const member of fleet.members) {
          await member.restart();
          await testbed.waitUntilHealthy();
        }
      }),
    () => database.migrateToNextRelease(),
    () =>
      restart("restart of Postgres", postgresChecks, async () => {
        await postgres.kill();
        await postgres.start();
      }),
    () =>
      restart("restart of Redis", ["redis"], async () => {
        await redis.stop();
        await redis.start();
      }),
  ];
  const pauseMs = (minutes * 60_000) / (events.length + 1);
  const from = performance.now();
  for (const [index, event] of events.entries()) {
    await sleep(Math.max(0, from + (index + 1) * pauseMs - performance.now()));
    await event();
  }
  await sleep(Math.max(0, from + minutes * 60_000 - performance.now()));
  const to = performance.now();
  await watching.stop();
  const { attempts } = await load.stop();
  const balance = testbed.ledger.balance(await database.rows());
  await testbed.stop();
  await cleanUp();

  const untrue = findUntrueStates(watching.changes(), restarts, { recoveryMs, to });
  const failed = attempts.filter(isFailure);
  const isRestarting = (at: number) =>
    restarts.some(({ startedAt, endedAt }) => at >= startedAt - 1000 && at <= endedAt + recoveryMs);
  const unexplained = failed.filter(({ startedAt }) => !isRestarting(startedAt));
  const lines = [
    `${minutes} minutes of normal load: ${attempts.length} attempts, ${watching.polls()} polls of the states.`,
    ...restarts.map(({ what, startedAt, endedAt }) => `${what}: ${((endedAt - startedAt) / 1000).toFixed(1)} s`),
    `${failed.length} attempts failed, ${unexplained.length} of them outside a restart.`,
    ...[...Map.groupBy(unexplained, ({ kind, result }) => `${kindLabels[kind]}: ${result}`)].map(
      ([what, { length, 0: first }]) =>
        `FAILED: ${length} × ${what}, first after ${Math.round(((first?.startedAt ?? from) - from) / 1000)} s`,
    ),
    ...untrue.map(
      ({ instance, subject, state, forMs }) =>
        `UNTRUE: ${instance}: ${subject} was ${state} for ${Math.round(forMs)} ms`,
    ),
    untrue.length === 0 ? "Every state was true, and none was impaired." : `${untrue.length} states were not true.`,
    isExact(balance) ? "Every acknowledged write is stored once." : "FAILED: writes were lost or stored twice.",
  ];
  process.stdout.write(`${lines.join("\n")}\n`);
  return untrue.length === 0 && unexplained.length === 0 && isExact(balance);
}
