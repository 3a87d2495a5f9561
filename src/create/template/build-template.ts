import { createHash } from "node:crypto";
import { posix } from "node:path";
import { testsWithoutSubject } from "../applying-tests.ts";
import { isText, type ProjectFile, type ProjectFiles, textFile, textOf } from "../files.ts";
import type { Vendored } from "../package-files.ts";
import type { Template } from "../project.ts";
import { migrationsOfDroppedTables } from "./domain-migrations.ts";
import { applyEdit } from "./edit.ts";
import { renameIdentifiers, renameImports, renameModule } from "./identifiers.ts";
import { domainWords, dropped, edits, kept, resourcePaths, withoutPart } from "./manifest.ts";

const sampleFolders = /^(?:src|test)\/create\/sample\//;

export type Doctor = Pick<Vendored, "name" | "version" | "bin" | "dependencies"> & { tarball: Buffer };

/** Derives the template from the files of this repository. */
export function buildTemplate(repository: ProjectFiles, doctor: Doctor): Template {
  const files = new Map<string, ProjectFile>();
  for (const [path, file] of repository) if (decisionOn(path) === "kept") files.set(path, file);
  for (const edit of edits) {
    const file = files.get(edit.file);
    if (file === undefined) throw new Error(`The manifest edits ${edit.file}, which is not kept.`);
    files.set(edit.file, textFile(applyEdit(textOf(file), edit), file.executable));
  }
  assertMatches(files);
  for (const path of withoutTables(repository, files)) files.delete(path);
  for (const [path, file] of files) {
    if (!isText(file) || path === "package-lock.json") continue;
    const text = resourcePaths.reduce((edited, [pattern, by]) => edited.replaceAll(pattern, by), textOf(file));
    if (/^(?:docs|test)\//.test(path) && domainWords.test(text)) files.delete(path);
    else files.set(path, textFile(text, file.executable));
  }
  for (const path of testsWithoutSubject(repository, files)) files.delete(path);
  for (const [path, file] of repository) {
    if (sampleFolders.test(path)) files.set(samplePath(path), sampleFile(path, file));
  }

  const renamed = new Map<string, ProjectFile>();
  for (const [path, file] of files) renamed.set(renameModule(path), withNeutralIdentifiers(path, file));
  const vendorFile = `vendor/doctor-${doctor.version}.tgz`;
  renamed.set(vendorFile, { content: doctor.tarball, executable: false });
  const { tarball, ...manifest } = doctor;
  const integrity = `sha512-${createHash("sha512").update(tarball).digest("base64")}`;
  return { files: renamed, vendored: { ...manifest, file: vendorFile, integrity }, withoutPart };
}

/** Fails if an edit for a project without a part matches nothing, because its text has changed. */
function assertMatches(files: ProjectFiles): void {
  for (const { file, lines } of withoutPart) {
    const edited = files.get(file);
    if (edited === undefined) throw new Error(`The manifest edits ${file}, which is not kept.`);
    applyEdit(textOf(edited), { file, lines });
  }
}

const migration = /^src\/db\/migrations\/.*\.sql$/;

function withoutTables(repository: ProjectFiles, files: ProjectFiles): string[] {
  const migrationsOf = (all: ProjectFiles) =>
    [...all].filter(([path]) => migration.test(path)).map(([path, file]) => [path, textOf(file)] as const);
  const dropped = migrationsOf(repository).filter(([path]) => decisionOn(path) === "dropped");
  return migrationsOfDroppedTables(
    migrationsOf(files),
    dropped.map(([, sql]) => sql),
  );
}

/** Returns whether a new service gets the file; "unknown" if no list of the manifest names the file. */
export function decisionOn(path: string): "kept" | "dropped" | "unknown" {
  if (dropped.some((pattern) => pattern.test(path))) return "dropped";
  return kept.some((pattern) => pattern.test(path)) ? "kept" : "unknown";
}

/** Returns the path in a new service, such as `src/features/notes/…` for `src/create/sample/notes/…`. */
function samplePath(path: string): string {
  const inSample = path.replace(sampleFolders, "");
  if (path.startsWith("test/")) return `test/features/${inSample.replace(".sample.ts", ".test.ts")}`;
  if (inSample.startsWith("notes/")) return `src/features/${inSample}`;
  if (inSample === "features.ts") return `src/composition/${inSample}`;
  if (inSample.startsWith("demo/")) return `src/embedded/${inSample}`;
  return inSample.endsWith(".sql") ? `src/db/migrations/${inSample}` : inSample;
}

/** Adapts the relative imports of a sample to the folder in which it is in a new service. */
function sampleFile(path: string, file: ProjectFile): ProjectFile {
  if (!path.endsWith(".ts")) return file;
  const from = posix.dirname(path);
  const to = posix.dirname(samplePath(path));
  const text = textOf(file).replaceAll(/(?<=\bfrom ")\.[^"]*(?=")/g, (specifier) => {
    const target = posix.join(from, specifier);
    const relative = posix.relative(to, sampleFolders.test(target) ? samplePath(target) : target);
    return relative.startsWith(".") ? relative : `./${relative}`;
  });
  return textFile(text);
}

function withNeutralIdentifiers(path: string, file: ProjectFile): ProjectFile {
  if (!/^(?:src|test|monitoring)\/.*\.(?:ts|mjs)$/.test(path) || !isText(file)) return file;
  return textFile(renameImports(renameIdentifiers(textOf(file))), file.executable);
}
