import { setTimeout as sleep } from "node:timers/promises";
import type { Fault } from "./fault.ts";

export const deployFaults: readonly Fault[] = [
  {
    name: "proxy-reload",
    title: "Proxy reloads its configuration",
    description: "The proxy reloads its configuration three times.",
    async inject({ proxy }) {
      for (let times = 0; times < 3; times += 1) {
        await proxy.reload();
        await sleep(1000);
      }
    },
    bounds: { noRequestFails: true, noAttemptFails: true },
    quick: true,
  },
  {
    name: "migration",
    title: "Migration under load",
    description:
      "The next release runs its migration: one transaction adds a column and an index to the table of the writes (100,000 rows).",
    inject: ({ database }) => database.migrateToNextRelease(),
    bounds: { noRequestFails: true, noAttemptFails: true },
  },
];
