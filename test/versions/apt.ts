import { execFileSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Release } from "./releases.ts";

const updateLimitMs = 120_000;
const downloadLimitMs = 600_000;
/** The public keys of Debian's archive, from the package debian-archive-keyring. */
const keyring = "/usr/share/keyrings/debian-archive-keyring.gpg";

/** Resolves and downloads the packages of one release with apt, in a folder that is separate from apt's on this machine. */
export function createApt(release: Release, folder: string) {
  const lists = ["etc/apt.conf.d", "etc/preferences.d", "state/lists/partial", "cache/archives/partial"];
  for (const name of lists) mkdirSync(join(folder, name), { recursive: true });
  const status = join(folder, "state/status");
  // The status file is empty, so that apt considers every library as missing.
  writeFileSync(status, "");
  writeFileSync(
    join(folder, "etc/sources.list"),
    `deb [signed-by=${keyring}] ${findDebianMirror()} ${release.name} main\n`,
  );
  const settings = {
    Dir: folder,
    "Dir::Etc": "etc",
    "Dir::Etc::sourcelist": "sources.list",
    "Dir::Etc::sourceparts": "/dev/null",
    "Dir::State": "state",
    "Dir::State::status": status,
    "Dir::Cache": "cache",
    "Acquire::Languages": "none",
    // The index of sid is valid for seven days, but a mirror may be older. Its signature is still verified.
    "Acquire::Check-Valid-Until": "false",
    "APT::Sandbox::User": "",
  };
  const config = join(folder, "apt.conf");
  writeFileSync(
    config,
    Object.entries(settings)
      .map(([name, value]) => `${name} "${value}";\n`)
      .join(""),
  );
  const run = (timeout: number, ...args: readonly string[]) =>
    execFileSync("apt-get", ["-qq", ...args], {
      env: { PATH: process.env["PATH"], LC_ALL: "C", APT_CONFIG: config, DEBIAN_FRONTEND: "noninteractive" },
      stdio: ["ignore", "pipe", "pipe"],
      encoding: "utf8",
      timeout,
    });
  const install = ["install", "-y", "--no-install-recommends"];
  const packages = [...release.packages, "patchelf"];
  return {
    update: () => run(updateLimitMs, "update"),
    /** Returns the file names of the packages and of everything that they need. */
    files: (): readonly string[] =>
      [...run(updateLimitMs, ...install, "--print-uris", ...packages).matchAll(/^'\S+' (\S+) \d+/gm)]
        .map(([, file = ""]) => file)
        .sort(),
    download: () => run(downloadLimitMs, ...install, "--download-only", ...packages),
    pathOf: (file: string) => join(folder, "cache/archives", file),
  };
}

/** Returns the mirror of Debian that this machine's apt uses. */
function findDebianMirror(): string {
  const format = "$(ORIGIN)|$(LABEL)|$(REPO_URI)";
  const targets = execFileSync("apt-get", ["indextargets", "--format", format, "Created-By: Packages"], {
    encoding: "utf8",
    timeout: updateLimitMs,
  });
  const mirror = /^Debian\|Debian\|(\S+)$/m.exec(targets)?.[1];
  if (mirror === undefined) throw new Error("apt on this machine has no source of Debian: run apt-get update first.");
  return mirror;
}
