import { type Fault, storeBounds, twoIntervalsMs } from "./fault.ts";
import { onPathOfAllInstances, onPathOfOneInstance } from "./path.ts";

const recoveryBounds = { recoveredWithinMs: twoIntervalsMs, falseReadyWithinMs: storeBounds.falseReadyWithinMs };

export const postgresFaults: readonly Fault[] = [
  {
    name: "postgres-killed",
    title: "Postgres killed",
    description:
      "All Postgres processes get SIGKILL; Postgres is started again some seconds later and recovers from its WAL.",
    holdMs: 6000,
    inject: ({ postgres }) => postgres.kill(),
    undo: ({ postgres }) => postgres.start(),
    bounds: recoveryBounds,
    alsoOnPeer: true,
    quick: true,
  },
  {
    name: "postgres-frozen",
    title: "Postgres frozen for 10 s",
    description:
      "All Postgres processes get SIGSTOP: connections stay open, but Postgres does not answer. Then it resumes and processes the queued statements.",
    holdMs: 10_000,
    inject: ({ postgres }) => postgres.freeze(),
    undo: ({ postgres }) => postgres.thaw(),
    bounds: recoveryBounds,
    alsoOnPeer: true,
  },
  {
    name: "postgres-hole-one",
    title: "Postgres black-holed for one instance",
    description: "Packets from one instance to Postgres are lost; the other instances are not affected.",
    holdMs: 10_000,
    ...onPathOfOneInstance("database", "hole"),
    bounds: recoveryBounds,
  },
  {
    name: "postgres-slow",
    title: "Postgres 300 ms slower",
    description:
      "Every response of Postgres is delayed by 300 ms. A write needs several responses, one after the other.",
    holdMs: 8000,
    ...onPathOfAllInstances("database", { delayMs: 300 }),
    bounds: recoveryBounds,
  },
  {
    name: "postgres-full",
    title: "Postgres out of connections",
    description:
      "Other clients take every connection, including those of Haven. New connections are refused until those clients disconnect.",
    holdMs: 8000,
    inject: ({ database }) => database.competingClients.takeAllConnections(),
    undo: ({ database }) => database.competingClients.releaseConnections(),
    bounds: recoveryBounds,
    alsoOnPeer: true,
  },
];
