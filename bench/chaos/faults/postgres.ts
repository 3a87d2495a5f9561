import { type Fault, storeBounds, twoIntervalsMs } from "./fault.ts";
import { ofAll, ofOne } from "./path.ts";

const back = { backWithinMs: twoIntervalsMs, lieWithinMs: storeBounds.lieWithinMs };

export const postgresFaults: readonly Fault[] = [
  {
    name: "postgres-killed",
    title: "Postgres killed",
    says: "All Postgres processes get SIGKILL; Postgres is started again some seconds later and recovers from its WAL.",
    holdMs: 6000,
    inject: ({ postgres }) => postgres.kill(),
    undo: ({ postgres }) => postgres.start(),
    bounds: back,
    comparable: true,
    quick: true,
  },
  {
    name: "postgres-frozen",
    title: "Postgres frozen for 10 s",
    says: "All Postgres processes get SIGSTOP: connections stay open, but Postgres does not answer. Then it resumes and processes the queued statements.",
    holdMs: 10_000,
    inject: ({ postgres }) => postgres.freeze(),
    undo: ({ postgres }) => postgres.thaw(),
    bounds: back,
    comparable: true,
  },
  {
    name: "postgres-hole-one",
    title: "Postgres black-holed for one instance",
    says: "Packets from one instance to Postgres are lost; the other instances are not affected.",
    holdMs: 10_000,
    ...ofOne("database", "hole"),
    bounds: back,
  },
  {
    name: "postgres-slow",
    title: "Postgres 300 ms slower",
    says: "Every response of Postgres is delayed by 300 ms. A write needs several responses, one after the other.",
    holdMs: 8000,
    ...ofAll("database", { delayMs: 300 }),
    bounds: back,
  },
  {
    name: "postgres-full",
    title: "Postgres out of connections",
    says: "Other clients take every connection, including those of Haven. New connections are refused until those clients disconnect.",
    holdMs: 8000,
    inject: ({ database }) => database.others.takeAll(),
    undo: ({ database }) => database.others.letGo(),
    bounds: back,
    comparable: true,
  },
];
