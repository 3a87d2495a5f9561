import type { Fault as PathFault } from "../../../test/shared/servers/fault-proxy.ts";
import type { Testbed } from "../testbed/testbed.ts";

type Store = "database" | "redis";

const setFault = (testbed: Testbed, store: Store, fault: PathFault) =>
  Promise.all(testbed.fleet.members.map((member) => member[store].set(fault)));

/** Injects a fault into the paths from all instances to a store. */
export const onPathOfAllInstances = (store: Store, fault: PathFault) => ({
  inject: (testbed: Testbed) => setFault(testbed, store, fault),
  undo: (testbed: Testbed) => setFault(testbed, store, "pass"),
});

/** Injects a fault into the path from one instance to a store. */
export const onPathOfOneInstance = (store: Store, fault: PathFault) => ({
  inject: ({ fleet }: Testbed) => fleet.member("api-server-2")[store].set(fault),
  undo: (testbed: Testbed) => setFault(testbed, store, "pass"),
});
