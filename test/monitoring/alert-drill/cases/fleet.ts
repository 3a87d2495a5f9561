import type { Case } from "../case.ts";
import type { Stage } from "../stage.ts";

const secondInstance = "api-server-2";

const setDatabase = (stage: Stage, names: readonly string[], fault: "refuse" | "pass") =>
  Promise.all(names.map((name) => stage.instance(name).database.set(fault)));
const everyName = (stage: Stage) => stage.all.map(({ name }) => name);

const refusePostgres = (names: (stage: Stage) => readonly string[]) => async (stage: Stage) => {
  await setDatabase(stage, names(stage), "refuse");
  return () => setDatabase(stage, names(stage), "pass");
};

const refusePostgresOnOne = refusePostgres(() => [secondInstance]);

/** Alerts about what the instances report on each other. */
export const fleetCases: readonly Case[] = [
  {
    alert: "SharedOutage",
    fault: "all instances lose Postgres",
    env: { READY_POLICY: "outlier" },
    inject: refusePostgres(everyName),
    steps: [
      { section: "SharedOutage", output: /"postgres":"down"/, finding: "continue at PostgresDown" },
      { section: "PostgresDown", output: /^postgres: down, reason refused/, finding: "`sql` works but the instances" },
    ],
  },
  {
    alert: "InstanceIsOutlier",
    fault: "one instance loses Postgres",
    env: { READY_POLICY: "outlier" },
    inject: refusePostgresOnOne,
    steps: [
      { section: "InstanceIsOutlier", output: /^postgres: down, reason refused/, finding: "on this instance only" },
    ],
  },
  {
    alert: "ReadyPolicyUnsure",
    fault: "of three instances one has stopped, and another loses its connection to Postgres",
    env: { READY_POLICY: "outlier" },
    withinMs: 60_000,
    async inject(stage) {
      await stage.instance("api-server-3").kill();
      await new Promise((resolve) => setTimeout(resolve, 15_000));
      const repair = await refusePostgresOnOne(stage);
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
      const { redis, database } = stage.instance(secondInstance);
      await Promise.all([redis.set("refuse"), database.set("refuse")]);
      return () => Promise.all([redis.set("pass"), database.set("pass")]);
    },
    steps: [{ section: "FleetNotSeen", output: /silent since 20\d\d-.*Z/, finding: "`silentSince` is set" }],
  },
];
