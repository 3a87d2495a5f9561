import { hostOf } from "../../../test/shared/servers/fleet.ts";
import type { Inspected } from "../../inspector.ts";

/** Each instance has its own address, so all can use the default port. */
export const inspectorOf = (member: Parameters<typeof hostOf>[0]): Inspected => ({ host: hostOf(member), port: 9229 });
