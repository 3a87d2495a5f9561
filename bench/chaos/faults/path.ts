import type { Fault as PathFault } from "../../../test/shared/servers/fault-proxy.ts";
import type { World } from "../world/world.ts";

type Store = "database" | "redis";

const set = (world: World, store: Store, fault: PathFault) =>
  Promise.all(world.fleet.members.map((member) => member[store].set(fault)));

/** Injects a fault into the paths from all instances to a store. */
export const onPathOfAllInstances = (store: Store, fault: PathFault) => ({
  inject: (world: World) => set(world, store, fault),
  undo: (world: World) => set(world, store, "pass"),
});

/** Injects a fault into the path from one instance to a store. */
export const onPathOfOneInstance = (store: Store, fault: PathFault) => ({
  inject: ({ fleet }: World) => fleet.member("api-server-2")[store].set(fault),
  undo: (world: World) => set(world, store, "pass"),
});
