import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Measured, Results } from "../results.ts";
import { proxyTitles } from "./names.ts";
import { type PageFacts, renderPage } from "./page.ts";
import { plotOf } from "./plot.ts";

/** The folder of the plots, relative to the report. */
export const images = "images/resilience";
/** The figures of the report, so that a run of some faults can keep the figures of the others. */
const figures = `${images}/figures.json`;

const imageOf = (proxy: string, fault: string) => `${images}/${proxy}-${fault}.svg`;

export function writePlot(out: string, { fault, observed, outcome: { proxy, facts } }: Measured): void {
  mkdirSync(join(dirname(out), images), { recursive: true });
  writeFileSync(join(dirname(out), imageOf(proxy, fault.name)), plotOf({ fault, observed, facts }, proxyTitles[proxy]));
}

export function readResults(out: string): Results {
  const file = join(dirname(out), figures);
  return existsSync(file) ? JSON.parse(readFileSync(file, "utf8")) : { outcomes: [], topologies: [] };
}

export function writeReport(out: string, facts: Omit<PageFacts, "imageOf">): void {
  writeFileSync(join(dirname(out), figures), `${JSON.stringify(facts.results, null, 2)}\n`);
  writeFileSync(out, renderPage({ ...facts, imageOf }));
}
