import { hostOf } from "../../../test/shared/servers/fleet.ts";
import type { Inspected } from "../../inspector.ts";

/** Returns the inspector's address. Each instance has its own host, so all use the default port. */
export const inspectorOf = (member: Parameters<typeof hostOf>[0]): Inspected => ({ host: hostOf(member), port: 9229 });
