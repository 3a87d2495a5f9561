import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  chmodSync,
  closeSync,
  existsSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  readSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { homedir } from "node:os";
import { basename, join } from "node:path";
import { createApt } from "./apt.ts";
import type { Release } from "./releases.ts";

/** Outside the project. The users that run Postgres and the proxies may read this folder, but not the home of root. */
const cache = process.getuid?.() === 0 ? "/var/lib/haven-versions" : join(homedir(), ".cache/haven-versions");

/**
 * Unpacks the programs of a release with their libraries, unless that was done for the same packages before. Returns the
 * folder of the commands, for the start of PATH.
 */
export function unpackRelease(release: Release): string {
  const folder = join(cache, release.name);
  mkdirSync(folder, { recursive: true });
  const apt = createApt(release, join(folder, "apt"));
  apt.update();
  const files = apt.files();
  const inputs = JSON.stringify([files, release.commands, readFileSync(import.meta.filename, "utf8")]);
  const root = join(folder, createHash("sha256").update(inputs).digest("hex").slice(0, 12));
  if (!existsSync(root)) {
    for (const outdated of globSync(join(folder, "{????????????,unpacking-*}"))) rmSync(outdated, { recursive: true });
    process.stderr.write(`Unpacking ${files.length} packages of Debian ${release.name}.\n`);
    apt.download();
    // The programs contain the path of their libraries, so they are unpacked at their final path. The folder of commands
    // is written last: if it exists, the release is complete.
    const unfinished = mkdtempSync(join(folder, "unpacking-"));
    chmodSync(unfinished, 0o755);
    unpack(unfinished, files.map(apt.pathOf));
    addCommands(unfinished, root, release);
    renameSync(unfinished, root);
    rmSync(join(folder, "apt/cache"), { recursive: true });
  }
  return join(root, "commands");
}

function unpack(root: string, archives: readonly string[]): void {
  // In the release, /bin is a link to /usr/bin, but older packages still contain files in /bin.
  for (const name of ["bin", "sbin", "lib", "lib64"]) {
    mkdirSync(join(root, "usr", name), { recursive: true });
    symlinkSync(`usr/${name}`, join(root, name));
  }
  const script = 'dpkg-deb --fsys-tarfile "$1" | tar -x --keep-directory-symlink --no-same-owner -C "$0"';
  for (const archive of archives)
    execFileSync("bash", ["-o", "pipefail", "-ec", script, root, archive], { stdio: ["ignore", "ignore", "inherit"] });
}

/** Makes the commands run with the loader and the libraries of their own release. */
function addCommands(root: string, finalRoot: string, { commands }: Release): void {
  mkdirSync(join(root, "commands"));
  const [loader] = globSync("usr/lib*/{,*/}ld-linux-*.so.*", { cwd: root });
  if (loader === undefined) throw new Error(`No dynamic loader in ${root}.`);
  const libraries = globSync("usr/lib/{*-linux-gnu,*-linux-gnu/systemd}", { cwd: root });
  const libraryPath = (folder: string) => libraries.map((one) => join(folder, one)).join(":");
  const finalLibraries = libraryPath(finalRoot);
  const patchelf = ["--library-path", libraryPath(root), join(root, "usr/bin/patchelf")];
  const settings = ["--set-interpreter", join(finalRoot, loader), "--force-rpath", "--set-rpath", finalLibraries];
  const patch = (file: string) =>
    execFileSync(join(root, loader), [...patchelf, ...settings, join(root, file)], {
      stdio: ["ignore", "ignore", "inherit"],
    });
  // A patched Python ends with a segmentation fault, so its loader is called instead. --argv0 is set because Python uses $0 to start itself again.
  const python = join(finalRoot, "commands/python3");
  writeScript(
    join(root, "commands/python3"),
    [
      `export PYTHONHOME="${join(finalRoot, "usr")}"`,
      `exec "${join(finalRoot, loader)}" --argv0 "$0" --library-path "${finalLibraries}" "$PYTHONHOME/bin/python3" "$@"`,
    ].join("\n"),
  );
  for (const entry of commands) {
    const [pattern, command] = typeof entry === "string" ? [entry, basename(entry)] : entry;
    const [file] = globSync(pattern, { cwd: root });
    if (file === undefined) throw new Error(`The packages contain no ${pattern}.`);
    const link = join(root, "commands", command);
    if (isScript(join(root, file))) {
      writeScript(link, `exec "${python}" "${join(finalRoot, file)}" "$@"`);
    } else {
      patch(file);
      symlinkSync(join("..", file), link);
    }
  }
}

function writeScript(file: string, text: string): void {
  writeFileSync(file, `#!/bin/sh\n${text}\n`);
  chmodSync(file, 0o755);
}

function isScript(path: string): boolean {
  const start = Buffer.alloc(2);
  const file = openSync(path, "r");
  readSync(file, start);
  closeSync(file);
  return start.toString() === "#!";
}
