import { fileURLToPath } from "node:url";
import { runProgram } from "../../shared/run-program.ts";
import type { Case } from "./case.ts";
import { readPage } from "./page.ts";
import { readingSeconds } from "./reading.ts";
import type { Shell } from "./shell.ts";

const root = fileURLToPath(new URL("../../../", import.meta.url));

export type Measured = {
  alert: string;
  fault: string;
  commandSeconds: number;
  readingSeconds: number;
  /** The line of the output that names the cause. */
  line: string;
};

/** Runs the commands of the sections of one case as they are written, and finds the line that names the cause. */
export async function followRunbook(
  { alert, fault, instance = "api-server-2", steps }: Case,
  shell: Shell,
): Promise<Measured> {
  const page = readPage();
  let commandSeconds = 0;
  let totalReadingSeconds = 0;
  let line = "";
  for (const { section, output: expected, finding } of steps) {
    const { commands, textUntil } = page.section(section);
    const script = [page.definitions, shell.definitions, `I=${instance}`, commands].join("\n");
    const startedAt = performance.now();
    const { output: printed } = await runProgram("bash", ["--norc", "-c", script], {
      cwd: shell.cwd,
      env: shell.env,
      timeoutMs: 100_000,
    });
    const output = printed.replaceAll(root, "");
    commandSeconds += (performance.now() - startedAt) / 1000;
    totalReadingSeconds += readingSeconds(textUntil(finding) + output);
    const matching = output.split("\n").find((one) => expected.test(one));
    if (matching === undefined) throw new Error(`${section}: no line of the output matches ${expected}:\n${output}`);
    line = fromMatch(matching, expected);
    if (process.env["ALERT_DRILL_VERBOSE"] !== undefined) process.stderr.write(`${output}\n`);
  }
  return { alert, fault, commandSeconds, readingSeconds: totalReadingSeconds, line };
}

/** Returns the line. If the match is so far right that the table would cut it off, the line starts near the match. */
function fromMatch(line: string, expected: RegExp): string {
  const { index, 0: part } = expected.exec(line) ?? { index: 0, 0: "" };
  return index + part.length > 80 ? `…${line.slice(Math.max(0, index - 10))}` : line.trim();
}
