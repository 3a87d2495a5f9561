import { basename, dirname, join, normalize } from "node:path";
import { type Diagnostics, UnreadableError } from "../diagnostics.ts";
import type { Files } from "../files.ts";
import type { ConfigKind, ConfigPaths } from "../read-deployments.ts";
import { skipHelmChart } from "../readers/kubernetes/helm.ts";
import { foldersReferencedBy, kustomizationIn } from "../readers/kubernetes/kustomize.ts";

const maxFiles = 10_000;
const maxDepth = 12;

type KnownFile = { kind: ConfigKind; name: RegExp; content: RegExp };

const knownFiles: readonly KnownFile[] = [
  { kind: "nginx", name: /^nginx\.conf$/, content: /\S/ },
  { kind: "haproxy", name: /^haproxy\.cfg$/, content: /\S/ },
  { kind: "compose", name: /^(?:docker-)?compose(?:[.-][\w.-]+)?\.ya?ml$/, content: /^services:/m },
  { kind: "pgbouncer", name: /^pgbouncer\.ini$/, content: /^\s*\[(?:databases|pgbouncer)\]/m },
  { kind: "render", name: /^render\.ya?ml$/, content: /^services:/m },
  { kind: "railway", name: /^railway\.json$/, content: /"deploy"/ },
  { kind: "prometheus", name: /^prometheus[\w.-]*\.ya?ml$/, content: /^(?:global|scrape_configs|groups):/m },
  { kind: "alb", name: /\.ya?ml$/, content: /^\s*Type:\s*["']?AWS::ElasticLoadBalancingV2::/m },
];
const isManifest = (text: string): boolean => /^apiVersion:/m.test(text) && /^kind:/m.test(text);

/** Finds the configuration files in a folder by their name, and Kubernetes and CloudFormation files by their content. */
export function findConfigs(folder: string, files: Files, diagnostics: Diagnostics): ConfigPaths {
  const found = new Map<ConfigKind, string[]>();
  const kustomizations: string[] = [];
  const manifests: string[] = [];
  const add = (kind: ConfigKind, path: string) => found.set(kind, [...(found.get(kind) ?? []), path]);
  let fileCount = 0;
  /** The folders that were already searched. Symbolic links may lead to a folder twice, or form a circle. */
  const searched = new Set<string>();
  walk(folder, 0);

  const referenced = new Set(kustomizations.flatMap((path) => referencesOf(path)));
  // A file that a kustomization names is read through the kustomization only.
  const manifestFolders = new Set(
    manifests.filter((path) => !referenced.has(normalize(path))).map((path) => dirname(path)),
  );
  for (const path of [...kustomizations.filter((one) => !referenced.has(normalize(one))), ...topFolders()])
    add("k8s", path);
  if (found.size === 0)
    diagnostics.addUnreadable(
      { file: files.displayPath(folder), line: 1 },
      "holds no configuration file that the doctor reads: name the files with options, see --help",
    );
  return Object.fromEntries(found);

  function walk(within: string, depth: number): void {
    if (depth > maxDepth) return;
    const names = namesIn(within);
    if (skipHelmChart(within, files, diagnostics)) return;
    const isKustomization = kustomizationIn(files, within) !== undefined;
    if (isKustomization) kustomizations.push(within);
    for (const name of names) {
      if (++fileCount > maxFiles)
        throw new UnreadableError({ file: files.displayPath(folder), line: 1 }, `holds more than ${maxFiles} files`);
      const path = join(within, name);
      const kind = files.kind(path);
      if (kind === "folder" && !name.startsWith(".") && name !== "node_modules") walk(path, depth + 1);
      if (kind === "file") classify(path, isKustomization);
    }
  }

  /** Lists a folder. A folder that cannot be listed is reported, and the other folders are still searched. */
  function namesIn(within: string): readonly string[] {
    try {
      const real = files.realPath(within);
      if (searched.has(real)) return [];
      searched.add(real);
      return files.list(within);
    } catch (error) {
      if (!(error instanceof UnreadableError)) throw error;
      diagnostics.addUnreadable(error.at, error.message);
      return [];
    }
  }

  function classify(path: string, isKustomization: boolean): void {
    const isYaml = /\.ya?ml$/.test(path);
    const candidates = knownFiles.filter(({ name }) => name.test(basename(path)));
    if (candidates.length === 0 && !isYaml) return;
    const text = textOf(
      path,
      candidates.some(({ kind }) => kind !== "alb"),
    );
    const known = candidates.find(({ content }) => content.test(text));
    if (known !== undefined) add(known.kind, path);
    else if (isYaml && !isKustomization && isManifest(text)) manifests.push(path);
  }

  /** Reads a file. An unreadable file is reported if its name shows its kind. Otherwise it is skipped. */
  function textOf(path: string, isKnown: boolean): string {
    try {
      return files.read(path);
    } catch (error) {
      if (!(error instanceof UnreadableError)) throw error;
      if (isKnown) diagnostics.addUnreadable(error.at, error.message);
      return "";
    }
  }

  function referencesOf(path: string): string[] {
    try {
      return foldersReferencedBy(files, kustomizationIn(files, path) ?? path);
    } catch (error) {
      if (error instanceof UnreadableError) return [];
      throw error;
    }
  }

  /** Returns the manifest folders that are not inside another one, because reading a folder includes its subfolders. */
  function topFolders(): string[] {
    const all = [...manifestFolders];
    return all.filter((one) => !all.some((other) => other !== one && `${one}/`.startsWith(`${other}/`)));
  }
}
