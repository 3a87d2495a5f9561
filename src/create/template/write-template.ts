import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { packTemplate } from "../packed-template.ts";
import { buildTemplate, type Doctor } from "./build-template.ts";
import { readRepository } from "./read-repository.ts";

// Runs before the package is packed, and writes the template from the files of this repository.

const root = fileURLToPath(new URL("../../../", import.meta.url));

const template = buildTemplate(readRepository(root), packDoctor());
writeFileSync(new URL("../dist/template.json.gz", import.meta.url), packTemplate(template));

/** The template contains the packed doctor, so that a new service installs it without a registry. */
function packDoctor(): Doctor {
  const folder = mkdtempSync(join(tmpdir(), "haven-create-"));
  try {
    execFileSync("npm", ["pack", "./src/doctor", "--pack-destination", folder], {
      cwd: root,
      stdio: ["ignore", "ignore", "inherit"],
      shell: process.platform === "win32",
    });
    const [file = ""] = readdirSync(folder);
    const manifest = JSON.parse(readFileSync(join(root, "src/doctor/package.json"), "utf8")) as Omit<Doctor, "tarball">;
    const { name, version, bin, dependencies } = manifest;
    return { name, version, bin, dependencies, tarball: readFileSync(join(folder, file)) };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
