import { type Fault, twoIntervalsMs } from "./fault.ts";
import { ofAll, ofOne } from "./path.ts";

const back = { backWithinMs: twoIntervalsMs };

export const postgresFaults: readonly Fault[] = [
  {
    name: "postgres-killed",
    title: "Postgres killed",
    says: "All processes of Postgres get SIGKILL; it is started again some seconds later and recovers from its log.",
    holdMs: 6000,
    inject: ({ postgres }) => postgres.kill(),
    undo: ({ postgres }) => postgres.start(),
    bounds: back,
    quick: true,
  },
  {
    name: "postgres-frozen",
    title: "Postgres frozen for 10 s",
    says: "All processes of Postgres get SIGSTOP: connections stay open, nothing is answered. Then it resumes and processes what was queued.",
    holdMs: 10_000,
    inject: ({ postgres }) => postgres.freeze(),
    undo: ({ postgres }) => postgres.thaw(),
    bounds: back,
  },
  {
    name: "postgres-hole-one",
    title: "Postgres black-holed for one instance",
    says: "What one instance sends to Postgres arrives nowhere; the others are well.",
    holdMs: 10_000,
    ...ofOne("database", "hole"),
    bounds: back,
  },
  {
    name: "postgres-slow",
    title: "Postgres 300 ms slower",
    says: "Every answer of Postgres is 300 ms late. A write takes several, one after the other.",
    holdMs: 8000,
    ...ofAll("database", { delayMs: 300 }),
    bounds: back,
  },
  {
    name: "postgres-full",
    title: "Postgres out of connections",
    says: "Others take every connection, also those of Haven, which are ended. New ones are refused until the others let go.",
    holdMs: 8000,
    inject: ({ database }) => database.others.takeAll(),
    undo: ({ database }) => database.others.letGo(),
    bounds: back,
  },
];
