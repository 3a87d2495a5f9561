import type { Fault as PathFault } from "../../../test/shared/servers/fault-proxy.ts";
import type { World } from "../world/world.ts";

type Store = "database" | "redis";

const set = (world: World, store: Store, fault: PathFault) =>
  Promise.all(world.fleet.members.map((member) => member[store].set(fault)));

/** A fault on the path of every instance to a store. */
export const ofAll = (store: Store, fault: PathFault) => ({
  inject: (world: World) => set(world, store, fault),
  undo: (world: World) => set(world, store, "pass"),
});

/** A fault on the path of one instance to a store. */
export const ofOne = (store: Store, fault: PathFault) => ({
  inject: ({ fleet }: World) => fleet.member("api-server-2")[store].set(fault),
  undo: (world: World) => set(world, store, "pass"),
});
