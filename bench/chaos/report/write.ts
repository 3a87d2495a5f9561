import { writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { type PageFacts, renderPage } from "./page.ts";
import { plotOf } from "./plot.ts";

/** Where the plots are, beside the report. */
export const images = "images/resilience";

/** The page, and a plot for each fault beside it. */
export function writeReport(out: string, facts: Omit<PageFacts, "imageOf">): void {
  const imageOf = (proxy: string, fault: string) => `${images}/${proxy}-${fault}.svg`;
  for (const { proxy, outcomes } of facts.runs) {
    for (const outcome of outcomes) {
      const called = proxy === "nginx" ? "NGINX" : "HAProxy";
      writeFileSync(join(dirname(out), imageOf(proxy, outcome.fault.name)), plotOf(outcome, called));
    }
  }
  writeFileSync(out, renderPage({ ...facts, imageOf }));
}
