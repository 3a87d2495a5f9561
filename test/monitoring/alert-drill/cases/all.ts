import type { Case } from "../case.ts";
import { edgeCases } from "./edge.ts";
import { fleetCases } from "./fleet.ts";
import { instanceCases } from "./instances.ts";
import { mailCases } from "./mail.ts";
import { monitoringCases } from "./monitoring.ts";
import { storeCases } from "./stores.ts";
import { trafficCases } from "./traffic.ts";

const every: readonly Case[] = [
  ...instanceCases,
  ...trafficCases,
  ...storeCases,
  ...fleetCases,
  ...mailCases,
  ...edgeCases,
  ...monitoringCases,
];

const settingsOf = ({ env = {} }: Case): string => JSON.stringify(env);

/** Cases with the same settings follow one another, so that the instances are restarted less often. */
export const cases: readonly Case[] = [...every].sort((a, b) => settingsOf(a).localeCompare(settingsOf(b)));
