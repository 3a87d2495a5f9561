import assert from "node:assert/strict";
import { before, describe, test } from "node:test";
import { type HavenProcess, startHavenProcess } from "../shared/servers/haven-process.ts";
import { runLighthouse, type Scores, withoutPageTools } from "./support/lighthouse.ts";

/** A busy machine makes a page slow, but none makes it fast: one good result of several is enough. */
const maxRuns = 3;

describe(
  "Lighthouse on a phone: performance 95 or more, accessibility and best practices 100",
  withoutPageTools(),
  () => {
    let haven: HavenProcess;
    before(async () => {
      haven = await startHavenProcess({ entry: "main", env: { NODE_ENV: "development" } });
    });
    for (const [name, path] of [
      ["the start page", "/api"],
      ["the reference", "/api/docs"],
      ["the status page", "/health/detailed"],
    ] as const) {
      test(name, async (t) => {
        const first = await runLighthouse(haven.url + path, ["performance", "accessibility", "best-practices"]);
        let best = first;
        for (let run = 1; run < maxRuns && !isFast(best); run += 1) {
          const again = await runLighthouse(haven.url + path, ["performance"]);
          if (performanceOf(again) > performanceOf(best)) best = again;
        }
        t.diagnostic(JSON.stringify({ ...first.scores, performance: performanceOf(best) }));
        assert.ok(isFast(best), `${performanceOf(best)}: ${best.faults.join("; ")}`);
        assert.deepEqual(
          [first.scores.accessibility, first.scores["best-practices"]],
          [100, 100],
          first.faults.join("; "),
        );
      });
    }
  },
);

const performanceOf = ({ scores }: Scores): number => scores.performance ?? 0;
const isFast = (result: Scores): boolean => performanceOf(result) >= 95;
