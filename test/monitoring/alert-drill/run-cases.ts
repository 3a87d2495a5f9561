import { cleanUp } from "../../shared/at-end.ts";
import { eventually } from "../../shared/eventually.ts";
import type { Case } from "./case.ts";
import { cases } from "./cases/all.ts";
import { followRunbook, type Measured } from "./follow-runbook.ts";
import { readyAt } from "./instances.ts";
import { type Stage, startStage } from "./stage.ts";
import { writeTable } from "./table.ts";

/** Runs the drills of the named alerts, or all drills, and returns the exit code. */
export async function runCases(wanted: readonly string[]): Promise<number> {
  const chosen = cases.filter(({ alert }) => wanted.length === 0 || wanted.includes(alert));
  const stage = await startStage();
  const measured: Measured[] = [];
  const failed: string[] = [];
  for (const one of chosen) {
    try {
      const result = await runCase(one, stage);
      measured.push(result);
      // At once, so that an interrupted run keeps its figures.
      writeTable([result]);
      const total = (result.commandSeconds + result.readingSeconds).toFixed(0);
      process.stdout.write(
        `${one.alert}: ${total} s (commands ${result.commandSeconds.toFixed(1)} s): ${result.line.slice(0, 160)}\n`,
      );
    } catch (error) {
      failed.push(one.alert);
      process.stdout.write(`${one.alert}: FAILED: ${error instanceof Error ? error.message : String(error)}\n`);
    }
  }
  await cleanUp().catch((error: unknown) => process.stderr.write(`${String(error)}\n`));
  process.stdout.write(
    `${measured.length} of ${chosen.length} drills passed; failed: ${failed.join(", ") || "none"}\n`,
  );
  return failed.length === 0 ? 0 : 1;
}

async function runCase(one: Case, stage: Stage): Promise<Measured> {
  const { monitoring } = stage;
  await stage.useSettings(one.env);
  if (one.pendingBeforeFault !== true)
    await eventually(
      () => monitoring.pending(one.alert),
      (pending) => !pending,
      60_000,
      300,
    ).catch(() => {
      throw new Error("the alert is pending before the fault");
    });
  const repair = await one.inject(stage);
  try {
    await eventually(() => monitoring.pending(one.alert), Boolean, one.withinMs ?? 40_000, 200).catch(() => {
      throw new Error("the alert does not become pending");
    });
    return await followRunbook(one, stage.shell());
  } finally {
    await repair();
    await Promise.all(stage.all.map(({ url }) => readyAt(url)));
  }
}
