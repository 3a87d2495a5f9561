import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { z } from "zod";
import { pinnedPackages } from "../../shared/pinned-packages.ts";
import { without } from "../../shared/programs.ts";
import { runProgram } from "../../shared/run-program.ts";

export const pageTools = pinnedPackages({
  pinned: fileURLToPath(new URL("../lighthouse", import.meta.url)),
  name: "lighthouse",
  tests: "the tests of the pages with Lighthouse and axe",
});

/** The options of a test that needs Lighthouse or axe, and Chromium. */
export const skipWithoutPageTools = () => ({ skip: without("chromium") || pageTools.skipIfMissing().skip });

/** The source of axe, which defines `axe` in a page. */
export const readAxe = (): string =>
  readFileSync(createRequire(join(pageTools.folder, "package.json")).resolve("axe-core/axe.min.js"), "utf8");

const reportSchema = z.object({
  categories: z.record(z.string(), z.object({ score: z.number(), auditRefs: z.array(z.object({ id: z.string() })) })),
  audits: z.record(
    z.string(),
    z.object({ score: z.number().nullable(), title: z.string(), displayValue: z.string().optional() }),
  ),
});

/** The minimum score of each category, out of 100. */
export const thresholds = [
  ["performance", 95],
  ["accessibility", 100],
  ["best-practices", 100],
] as const;

type Scores = { scores: Readonly<Record<string, number>>; faults: readonly string[] };

/**
 * Loads a page as Lighthouse's default phone does: 4G and a processor of a quarter of the speed, both simulated. Returns
 * the scores, and the audits that reduce them.
 */
export async function runLighthouse(url: string): Promise<Scores> {
  const { code, output } = await runProgram(
    process.execPath,
    [
      join(pageTools.folder, "node_modules/lighthouse/cli/index.js"),
      url,
      "--output=json",
      "--quiet",
      `--only-categories=${thresholds.map(([category]) => category).join(",")}`,
      "--max-wait-for-load=20000",
      "--no-enable-error-reporting",
      "--disable-full-page-screenshot",
      "--chrome-flags=--headless=new --no-sandbox --disable-gpu --disable-quic",
    ],
    { env: { ...process.env, CHROME_PATH: "/usr/bin/chromium", NODE_ENV: "test" }, timeoutMs: 90_000 },
  );
  const start = output.indexOf("{\n");
  if (code !== 0 || start === -1) throw new Error(`Lighthouse failed: ${output.slice(-2000)}`);
  const report = reportSchema.parse(JSON.parse(output.slice(start, output.lastIndexOf("}") + 1)));
  const found = Object.entries(report.categories);
  const ids = found.flatMap(([, { auditRefs }]) => auditRefs.map(({ id }) => id));
  const faults = ids.flatMap((id) => {
    const audit = report.audits[id];
    return audit?.score != null && audit.score < 0.9 ? [`${audit.title}: ${audit.displayValue ?? audit.score}`] : [];
  });
  return { scores: Object.fromEntries(found.map(([name, { score }]) => [name, Math.round(score * 100)])), faults };
}
