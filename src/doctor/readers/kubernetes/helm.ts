import { join } from "node:path";
import type { Diagnostics } from "../../diagnostics.ts";
import type { Files } from "../../files.ts";

/** Returns whether a folder is a Helm chart, and reports that the chart is not judged: the templates have to be rendered first. */
export function skipHelmChart(folder: string, files: Files, diagnostics: Diagnostics): boolean {
  const file = join(folder, "Chart.yaml");
  if (files.kind(file) !== "file") return false;
  diagnostics.addNote(
    { file: files.displayPath(file), line: 1 },
    `is a Helm chart, so it is not judged: pipe the output of helm template NAME ${files.displayPath(folder)} into --k8s -`,
  );
  return true;
}
