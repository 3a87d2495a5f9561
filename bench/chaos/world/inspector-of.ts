import { hostOf } from "../../../test/shared/servers/fleet.ts";
import type { Inspected } from "../../inspector.ts";

/** Each instance has an address of its own, and so all can have the usual port. */
export const inspectorOf = (member: Parameters<typeof hostOf>[0]): Inspected => ({ host: hostOf(member), port: 9229 });
