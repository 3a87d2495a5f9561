import type { Probe } from "../../facts/app.ts";
import { configText } from "../container.ts";
import { type Tree, text } from "../yaml-tree.ts";

/** Returns the health check of a platform that documents no timeouts for it, so only the path is compared. */
export const platformProbe = (name: string, field: string, path: Tree | undefined): Probe[] =>
  path === undefined
    ? []
    : [
        {
          name,
          purpose: "ready",
          at: path.at,
          path: configText(field, text(path) ?? "/", path.at),
          hasUnknownRequest: text(path) === undefined,
          timeout: undefined,
          interval: undefined,
        },
      ];
