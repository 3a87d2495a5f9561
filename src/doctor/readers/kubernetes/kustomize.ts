import { spawnSync } from "node:child_process";
import { dirname, join, normalize, resolve } from "node:path";
import { type Files, readRequiredFile } from "../../files.ts";
import { list, parseYaml } from "../yaml-tree.ts";

/** What `kubectl kustomize FOLDER` printed, or why there is no output. */
export type KustomizeResult = { yaml: string } | { problem: string };
export type RunKustomize = (folder: string) => KustomizeResult;

export const kustomizationNames = ["kustomization.yaml", "kustomization.yml", "Kustomization"];

const timeLimitMs = 30_000;
const maxOutputBytes = 4_000_000;

export function kustomizationIn(files: Files, folder: string): string | undefined {
  const name = kustomizationNames.find((one) => files.kind(join(folder, one)) === "file");
  return name === undefined ? undefined : join(folder, name);
}

/** Returns the folders that a kustomization builds on: bases and components, which are not applied on their own. */
export function foldersReferencedBy(files: Files, file: string): string[] {
  const [top] = parseYaml(readRequiredFile(files, file), files.displayPath(file));
  return ["resources", "bases", "components"]
    .flatMap((name) => list(top, name))
    .flatMap((tree) => (tree.kind === "scalar" ? [normalize(join(dirname(file), tree.text))] : []));
}

/** Returns the command whose output a user has to pipe into the doctor if the doctor cannot run `kubectl`. */
export const kustomizeCommand = (folder: string): string => `kubectl kustomize ${folder}`;

type KubectlOptions = { workingFolder: string; path: string | undefined; limitMs?: number };

/**
 * Runs the `kubectl` on the PATH. The readers are synchronous, so the call waits for kubectl, at most for `limitMs`.
 */
export function createKubectlKustomize({ workingFolder, path, limitMs = timeLimitMs }: KubectlOptions): RunKustomize {
  return (folder) => {
    const { error, status, stdout, stderr } = spawnSync("kubectl", ["kustomize", resolve(workingFolder, folder)], {
      encoding: "utf8",
      env: { ...process.env, PATH: path },
      stdio: ["ignore", "pipe", "pipe"],
      timeout: limitMs,
      killSignal: "SIGKILL",
      maxBuffer: maxOutputBytes,
    });
    const code = error !== undefined && "code" in error ? error.code : undefined;
    if (code === "ENOENT") return { problem: "kubectl is not on the PATH" };
    if (code === "ETIMEDOUT") return { problem: `kubectl kustomize did not finish within ${limitMs / 1000} s` };
    if (code === "ENOBUFS") return { problem: `kubectl kustomize printed more than ${maxOutputBytes / 1_000_000} MB` };
    if (status === 0) return { yaml: stdout };
    const [reason = ""] = stderr.trim().split("\n");
    return { problem: `kubectl kustomize failed${reason === "" ? "" : ` (${reason.slice(0, 200)})`}` };
  };
}
