import { spawnSync } from "node:child_process";
import { cpSync, globSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parse, parseAllDocuments, stringify } from "yaml";
import { z } from "zod";
import { atEnd } from "../../shared/at-end.ts";

/** A Kubernetes object, from a file or from the output of kustomize. */
export type ClusterObject = z.infer<typeof clusterObject>;

const clusterObject = z.looseObject({
  apiVersion: z.string(),
  kind: z.string(),
  metadata: z.looseObject({ name: z.string(), namespace: z.string().optional() }),
});

const folder = fileURLToPath(new URL("../../../k8s/", import.meta.url));

export type Rendered = "base" | `overlays/${string}`;
export const overlays: readonly Rendered[] = readdirSync(join(folder, "overlays")).map(
  (name) => `overlays/${name}` as const,
);
export const allRendered: readonly Rendered[] = ["base", ...overlays];

const renderedObjects = new Map<Rendered, readonly ClusterObject[]>();

/** Renders the objects that `kubectl apply -k` would send. */
export function render(name: Rendered): readonly ClusterObject[] {
  let objects = renderedObjects.get(name);
  if (objects === undefined) {
    objects = parseObjects(renderYaml(name));
    renderedObjects.set(name, objects);
  }
  return objects;
}

/** Returns the output of `kubectl kustomize` for a folder of k8s/. */
export function renderYaml(name: string): string {
  const { status, stdout, stderr } = kubectl("kustomize", join(folderForKubectl(), name));
  if (status !== 0) throw new Error(`kubectl kustomize k8s/${name}: ${stderr}`);
  return stdout;
}

export const parseObjects = (text: string): ClusterObject[] =>
  parseAllDocuments(text).map((document) => {
    if (document.errors.length > 0) throw document.errors[0];
    return clusterObject.parse(document.toJS());
  });

const kubectl = (...args: string[]) => spawnSync("kubectl", args, { encoding: "utf8", timeout: 20_000 });

let copyForOldKubectl: string | undefined;

/**
 * Returns the folder of the shipped files. For a kubectl before 1.21, such as that of Debian 12, returns a copy in which two
 * fields of each kustomization have their old names.
 */
function folderForKubectl(): string {
  const { clientVersion } = z
    .object({ clientVersion: z.object({ major: z.string(), minor: z.string() }) })
    .parse(JSON.parse(kubectl("version", "--client", "--output=json").stdout));
  if (clientVersion.major !== "1" || Number.parseInt(clientVersion.minor, 10) >= 21) return folder;
  if (copyForOldKubectl === undefined) {
    const copy = mkdtempSync(join(tmpdir(), "haven-k8s-"));
    atEnd(() => rmSync(copy, { recursive: true, force: true }));
    cpSync(folder, copy, { recursive: true });
    for (const file of globSync("**/kustomization.yaml", { cwd: copy })) useOldFieldNames(join(copy, file));
    copyForOldKubectl = copy;
  }
  return copyForOldKubectl;
}

const kustomization = z.looseObject({
  resources: z.array(z.string()),
  patches: z.array(z.strictObject({ path: z.string() })).default([]),
});

function useOldFieldNames(file: string): void {
  const { resources, patches, ...rest } = kustomization.parse(parse(readFileSync(file, "utf8")));
  const isFolder = (name: string) => statSync(join(file, "..", name)).isDirectory();
  const old = {
    ...rest,
    bases: resources.filter(isFolder),
    resources: resources.filter((name) => !isFolder(name)),
    patchesStrategicMerge: patches.map(({ path }) => path),
  };
  writeFileSync(file, stringify(old));
}
