import { readFileSync, writeFileSync } from "node:fs";
import { dashboards } from "./dashboards/all.ts";
import { toJson } from "./dashboards/build.ts";
import { withObjectives, withThresholds } from "./generated-docs.ts";

// npm run monitoring

for (const dashboard of dashboards) {
  writeFileSync(new URL(`./grafana/dashboards/${dashboard.uid}.json`, import.meta.url), toJson(dashboard));
}
rewrite(new URL("../docs/runbook.md", import.meta.url), withThresholds);
rewrite(new URL("../docs/monitoring.md", import.meta.url), withObjectives);

function rewrite(file: URL, change: (text: string) => string): void {
  writeFileSync(file, change(readFileSync(file, "utf8")));
}
