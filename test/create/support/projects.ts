import { mkdirSync, mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { ProjectFiles } from "../../../src/create/files.ts";
import { type Part, parts } from "../../../src/create/parts.ts";
import { type Choices, createProject } from "../../../src/create/project.ts";
import { buildTemplate } from "../../../src/create/template/build-template.ts";
import { readRepository } from "../../../src/create/template/read-repository.ts";
import { writeProject } from "../../../src/create/write-project.ts";
import { atEnd } from "../../shared/at-end.ts";

export const root = fileURLToPath(new URL("../../../", import.meta.url));

export const repository: ProjectFiles = readRepository(root);

/** The doctor is replaced by a few bytes: its package is built and installed in tests of its own. */
const doctor = {
  name: "@haven-api/doctor",
  version: "0.1.0",
  bin: { "haven-doctor": "dist/doctor/main.js" },
  dependencies: { yaml: "2.9.1", zod: "4.6.7" },
  tarball: Buffer.from("\0packed"),
};

export const template = buildTemplate(repository, doctor);

/** Five services that differ in their names and parts. */
export const sampleServices: readonly (Choices & { parts: readonly Part[] })[] = [
  { name: "my-service", parts },
  { name: "shop", parts: [] },
  { name: "order-desk-2", parts: ["nginx", "docker", "ci"] },
  { name: "x", parts: ["haproxy", "kubernetes", "monitoring"] },
  { name: "a-name-of-exactly-thirty-chars", parts: ["compose", "cloud"] },
];

export const titleOf = ({ name, parts: chosen }: { name: string; parts: readonly Part[] }): string =>
  `${name} with ${chosen.length === 0 ? "no parts" : chosen.join(", ")}`;

/** Writes a service into a new folder, with the packages of this checkout. */
export function writtenProject(files: ProjectFiles): string {
  const folder = mkdtempSync(join(tmpdir(), "haven-create-"));
  atEnd(() => rmSync(folder, { recursive: true, force: true }));
  mkdirSync(folder, { recursive: true });
  writeProject(folder, files);
  symlinkSync(join(root, "node_modules"), join(folder, "node_modules"));
  return folder;
}

export { createProject };
