import { cleanUp } from "../../shared/at-end.ts";
import { eventually } from "../../shared/eventually.ts";
import type { Case } from "./case.ts";
import { cases } from "./cases/all.ts";
import { followRunbook, type Measured } from "./follow-runbook.ts";
import { readyAt } from "./instances.ts";
import { type Stage, startStage } from "./stage.ts";
import { writeTable } from "./table.ts";

/** Runs the drills of the named alerts, or all drills, and returns the exit code. */
export async function runCases(requestedAlerts: readonly string[]): Promise<number> {
  const selectedCases = cases.filter(({ alert }) => requestedAlerts.length === 0 || requestedAlerts.includes(alert));
  const stage = await startStage();
  const measured: Measured[] = [];
  const failed: string[] = [];
  for (const drill of selectedCases) {
    try {
      const result = await runCase(drill, stage);
      measured.push(result);
      // The table is written after each drill, so that an interrupted run keeps its results.
      writeTable([result]);
      const total = (result.commandSeconds + result.readingSeconds).toFixed(0);
      process.stdout.write(
        `${drill.alert}: ${total} s (commands ${result.commandSeconds.toFixed(1)} s): ${result.line.slice(0, 160)}\n`,
      );
    } catch (error) {
      failed.push(drill.alert);
      process.stdout.write(`${drill.alert}: FAILED: ${error instanceof Error ? error.message : String(error)}\n`);
    }
  }
  await cleanUp().catch((error: unknown) => process.stderr.write(`${String(error)}\n`));
  process.stdout.write(
    `${measured.length} of ${selectedCases.length} drills passed; failed: ${failed.join(", ") || "none"}\n`,
  );
  return failed.length === 0 ? 0 : 1;
}

async function runCase(drill: Case, stage: Stage): Promise<Measured> {
  const { monitoring } = stage;
  await stage.useSettings(drill.env);
  if (drill.pendingBeforeFault !== true)
    await eventually(
      () => monitoring.isPending(drill.alert),
      (pending) => !pending,
      60_000,
      300,
    ).catch(() => {
      throw new Error("the alert is pending before the fault");
    });
  const repair = await drill.inject(stage);
  try {
    await eventually(() => monitoring.isPending(drill.alert), Boolean, drill.withinMs ?? 40_000, 200).catch(() => {
      throw new Error("the alert does not become pending");
    });
    return await followRunbook(drill, stage.shell());
  } finally {
    await repair();
    await Promise.all(stage.all.map(({ url }) => readyAt(url)));
  }
}
