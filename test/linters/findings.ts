import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { atEnd } from "../shared/at-end.ts";
import { runProgram } from "../shared/run-program.ts";
import { allRendered, renderYaml } from "../support/kubernetes/kustomize.ts";

/** What a linter reports about one file or one Kubernetes object. */
export type Finding = { rule: string; where: string; message: string };

export const root = fileURLToPath(new URL("../../", import.meta.url));

/** Paths of the files that several linters examine, relative to the project. */
export const dockerfiles = ["docker/Dockerfile", "src/doctor/Dockerfile"];
export const cloudFormation = "cloud/aws/alb.yaml";

export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "haven-linters-"));
  atEnd(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Renders the base and the overlays into files, because a linter of single files does not know the namespace. */
export function renderedFiles(): readonly string[] {
  const folder = temporaryFolder();
  return allRendered.map((name) => {
    const file = join(folder, `${name.replaceAll("/", "-")}.yaml`);
    writeFileSync(file, renderYaml(name));
    return file;
  });
}

/** Runs a linter that prints JSON. A linter exits with another code if it has findings. */
export async function runForJson(command: string, args: readonly string[], cwd = root): Promise<unknown> {
  const { code, output } = await runProgram(command, args, { cwd, timeoutMs: 120_000 });
  const start = output.search(/^[[{]/m);
  if (start === -1) throw new Error(`${command} exited with ${code} and printed no JSON: ${output}`);
  return JSON.parse(output.slice(start));
}

/** Returns each finding once: the base and the overlays contain the same objects. */
export function withoutRepetition(findings: readonly Finding[]): readonly Finding[] {
  return [...new Map(findings.map((one) => [`${one.rule} ${one.where}`, one])).values()];
}
