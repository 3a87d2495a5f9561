import { pageTools, runLighthouse, thresholds } from "./support/lighthouse.ts";

// npm run lighthouse [-- URL]: Lighthouse over the pages of a running server. Not a test of the suite: its simulation of a
// slow processor gives no reproducible result while other programs run.

const [url = "http://localhost:4000"] = process.argv.slice(2);
try {
  await fetch(url, { signal: AbortSignal.timeout(5000) });
} catch {
  process.stderr.write(
    `No server responds at ${url}. Start one (npm run dev), or give its address: npm run lighthouse -- URL\n`,
  );
  process.exit(1);
}
pageTools.provide();
let isGood = true;
for (const path of ["/api", "/api/docs", "/health/detailed"]) {
  const { scores, faults } = await runLighthouse(url + path);
  process.stdout.write(`${path} ${JSON.stringify(scores)}\n`);
  for (const fault of faults) process.stdout.write(`  ${fault}\n`);
  isGood &&= thresholds.every(([category, minScore]) => (scores[category] ?? 0) >= minScore);
}
process.exitCode = isGood ? 0 : 1;
