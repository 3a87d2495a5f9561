import { type Diagnostics, UnreadableError } from "../../diagnostics.ts";
import type { App } from "../../facts/app.ts";
import { type Files, readRequiredFile } from "../../files.ts";
import { resolveSettings, type SettingValues } from "../application-settings.ts";
import { heapOf } from "../container.ts";
import { readSeconds } from "../read-config-number.ts";
import { entries, get, parseYaml } from "../yaml-tree.ts";

import { platformProbe } from "./platform-probe.ts";
import { releaseInstances } from "./release-instances.ts";

export function readRailway(
  files: Files,
  path: string,
  externalSettings: SettingValues,
  diagnostics: Diagnostics,
): App[] {
  const file = files.displayPath(path);
  const source = readRequiredFile(files, path);
  if (path.endsWith(".toml")) throw new UnreadableError({ file, line: 1 }, "is a TOML file: use railway.json");
  const [top] = parseYaml(source, file);
  const deploy = get(top, "deploy");
  if (deploy === undefined) throw new UnreadableError({ file, line: 1 }, "is not a railway.json: it has no deploy");
  for (const [name, tree] of entries(top, "environments"))
    diagnostics.addNote(tree.at, `Railway: the environment ${name} is not read`);
  const draining = { name: "drainingSeconds", value: 0, at: deploy.at, origin: "Railway's default" };
  const regions = entries(deploy, "multiRegionConfig").map(([, region]) => get(region, "numReplicas"));
  const instances = releaseInstances(
    regions.length > 0 ? regions : [get(deploy, "numReplicas")],
    deploy.at,
    draining.origin,
    diagnostics,
  );
  // A cron job serves no requests.
  if (get(deploy, "cronSchedule") !== undefined) return [];
  return [
    {
      name: "the Railway service",
      platform: "railway",
      at: deploy.at,
      settings: resolveSettings(externalSettings, deploy.at, diagnostics),
      gracePeriod: readSeconds(get(deploy, draining.name), draining, diagnostics),
      preStop: undefined,
      stopSignal: undefined,
      probes: platformProbe("Railway's health check", "healthcheckPath", get(deploy, "healthcheckPath")),
      replicas: instances,
      heap: heapOf(externalSettings, [], diagnostics),
      memory: undefined,
      database: undefined,
    },
  ];
}
