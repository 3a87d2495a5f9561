import { deployFaults } from "./deploys.ts";
import type { Fault } from "./fault.ts";
import { instanceFaults } from "./instances.ts";
import { postgresFaults } from "./postgres.ts";
import { redisFaults } from "./redis.ts";

/** In this order: what replaces processes comes first, so that the rest can be held against one baseline of them. */
export const faults: readonly Fault[] = [...instanceFaults, ...deployFaults, ...redisFaults, ...postgresFaults];
