import type { Case } from "../case.ts";
import type { Stage } from "../stage.ts";

const second = "api-server-2";

const setDatabase = (stage: Stage, names: readonly string[], fault: "refuse" | "pass") =>
  Promise.all(names.map((name) => stage.instance(name).database.set(fault)));
const everyName = (stage: Stage) => stage.all.map(({ name }) => name);

const loseDatabase = (names: (stage: Stage) => readonly string[]) => async (stage: Stage) => {
  await setDatabase(stage, names(stage), "refuse");
  return () => setDatabase(stage, names(stage), "pass");
};

const loseOnOne = loseDatabase(() => [second]);

/** What the instances know of each other. */
export const fleetCases: readonly Case[] = [
  {
    alert: "SharedOutage",
    fault: "all instances lose Postgres",
    env: { READY_POLICY: "outlier" },
    inject: loseDatabase(everyName),
    steps: [
      { section: "SharedOutage", output: /"postgres":"down"/, finding: "continue at PostgresDown" },
      { section: "PostgresDown", output: /^postgres: down, reason refused/, finding: "`sql` works but the instances" },
    ],
  },
  {
    alert: "InstanceIsOutlier",
    fault: "one instance loses Postgres",
    env: { READY_POLICY: "outlier" },
    inject: loseOnOne,
    steps: [
      { section: "InstanceIsOutlier", output: /^postgres: down, reason refused/, finding: "on this instance only" },
    ],
  },
  {
    alert: "ReadyPolicyUnsure",
    fault: "of three instances one has ended, and another loses Postgres",
    env: { READY_POLICY: "outlier" },
    withinMs: 60_000,
    async inject(stage) {
      await stage.instance("api-server-3").kill();
      await new Promise((resolve) => setTimeout(resolve, 15_000));
      const repair = await loseOnOne(stage);
      return async () => {
        await repair();
        await stage.instance("api-server-3").restart();
      };
    },
    steps: [{ section: "ReadyPolicyUnsure", output: /instances seen: 2$/, finding: "Fewer than three instances" }],
  },
  {
    alert: "FleetNotSeen",
    fault: "one instance reaches neither Redis nor Postgres",
    withinMs: 60_000,
    async inject(stage) {
      const { redis, database } = stage.instance(second);
      await Promise.all([redis.set("refuse"), database.set("refuse")]);
      return () => Promise.all([redis.set("pass"), database.set("pass")]);
    },
    steps: [{ section: "FleetNotSeen", output: /silent since 20\d\d-.*Z/, finding: "`silentSince` is set" }],
  },
];
