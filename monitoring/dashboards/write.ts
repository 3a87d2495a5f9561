import { writeFileSync } from "node:fs";
import { dashboards } from "./all.ts";
import { toJson } from "./build.ts";

// npm run dashboards

for (const dashboard of dashboards) {
  writeFileSync(new URL(`../grafana/dashboards/${dashboard.uid}.json`, import.meta.url), toJson(dashboard));
}
