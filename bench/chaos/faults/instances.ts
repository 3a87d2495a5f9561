import { setTimeout as sleep } from "node:timers/promises";
import { blockLoop } from "../../inspector.ts";
import { inspectorOf } from "../testbed/inspector-of.ts";
import { breakerMs, type Fault } from "./fault.ts";
import { onPathOfAllInstances } from "./path.ts";

const affectedInstance = "api-server-2";
const slowPostgres = onPathOfAllInstances("database", { delayMs: 100 });

export const instanceFaults: readonly Fault[] = [
  {
    name: "rolling-restart",
    title: "Rolling restart",
    description: "The instances are restarted one after the other: each gets SIGTERM, exits, and is started again.",
    async inject({ fleet, waitUntilHealthy }) {
      for (const member of fleet.members) {
        const { code } = await member.restart();
        if (code !== 0) throw new Error(`${member.name} ended with ${code}.`);
        await waitUntilHealthy();
      }
    },
    replacesProcesses: true,
    bounds: { noRequestFails: true, noAttemptFails: true },
    quick: true,
  },
  {
    name: "sigterm",
    title: "SIGTERM of one instance",
    description: "One instance gets SIGTERM, shuts down gracefully, and is started again some seconds later.",
    holdMs: 5000,
    async inject({ fleet }) {
      const { child, exited } = fleet.member(affectedInstance).process();
      child.kill("SIGTERM");
      await exited;
    },
    undo: ({ fleet }) => fleet.member(affectedInstance).start(),
    replacesProcesses: true,
    bounds: { noRequestFails: true },
  },
  {
    name: "sigkill",
    title: "SIGKILL of one instance",
    description: "One instance gets SIGKILL while it processes requests, and is started again some seconds later.",
    holdMs: 6000,
    // Requests take longer, so that the instance is processing several when it is killed.
    async prepare(testbed) {
      await slowPostgres.inject(testbed);
      await sleep(700);
    },
    async inject(testbed) {
      await testbed.fleet.member(affectedInstance).kill();
      await slowPostgres.undo(testbed);
    },
    undo: ({ fleet }) => fleet.member(affectedInstance).start(),
    replacesProcesses: true,
    bounds: { noRequestFails: true, onlyInFlightFails: true },
    quick: true,
  },
  {
    name: "redis-and-instance",
    title: "Redis and one instance at once",
    description: "Redis and one instance are killed at the same moment; both are started again some seconds later.",
    holdMs: 8000,
    inject: ({ fleet, redis }) => Promise.all([redis.stop(), fleet.member(affectedInstance).kill()]),
    undo: ({ fleet, redis }) => Promise.all([redis.start(), fleet.member(affectedInstance).start()]),
    replacesProcesses: true,
    bounds: { readsFailForMs: breakerMs, noRequestFails: true },
  },
  {
    name: "freeze",
    title: "One instance frozen for 25 s",
    description:
      "One instance gets SIGSTOP: its connections stay open, but it does not answer. Later it gets SIGCONT and continues.",
    holdMs: 25_000,
    inject: async ({ fleet }) => fleet.member(affectedInstance).freeze(),
    undo: async ({ fleet }) => fleet.member(affectedInstance).thaw(),
    bounds: { noRequestFails: true },
  },
  {
    name: "jam",
    title: "Event loop of one instance blocked for 5 s",
    description: "One instance computes for five seconds and answers no request during that time.",
    inject: () => blockLoop(inspectorOf(affectedInstance), 5000),
    bounds: { noRequestFails: true },
  },
];
