import type { Fixed } from "../gate/fixes.ts";
import type { GatedDiagnosis } from "../gate/gate.ts";
import type { FailOn } from "../gate/gate-config.ts";
import { githubReport } from "../report/github-report.ts";
import { jsonReport } from "../report/json-report.ts";
import { junitReport } from "../report/junit-report.ts";
import { markdownReport } from "../report/markdown-report.ts";
import { sarifReport } from "../report/sarif-report.ts";
import { tableReport } from "../report/table-report.ts";
import { withVisibleText } from "../report/visible-text.ts";
import type { CliContext } from "./cli-context.ts";
import type { CommandLine } from "./command-line.ts";

type Outcome = { diagnosis: GatedDiagnosis; fixed: readonly Fixed[]; failOn: FailOn; inputs: readonly string[] };

export function render(
  { diagnosis: raw, fixed: rawFixed, failOn, inputs }: Outcome,
  { format, live, settings }: CommandLine,
  { version, columns, environment }: CliContext,
): string {
  if (format === "json") return jsonReport(raw, rawFixed);
  if (format === "sarif") return sarifReport(raw, version);
  const [diagnosis, fixed] = withVisibleText([raw, rawFixed] as const);
  switch (format) {
    case "github":
      return githubReport(diagnosis);
    case "junit":
      return junitReport(diagnosis, failOn);
    case "markdown":
      return markdownReport(diagnosis);
    case "table":
      break;
  }
  const inputNames = [
    ...withVisibleText(inputs),
    ...(live === undefined ? [] : ["a running instance"]),
    settings === undefined ? "settings from the environment (production defaults)" : `settings ${settings.join(", ")}`,
  ];
  const useColour = columns !== undefined && !environment["NO_COLOR"];
  return tableReport(diagnosis, inputNames, { width: Math.min(100, Math.max(60, columns ?? 80)), useColour, fixed });
}
