import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { atEnd } from "../shared/at-end.ts";
import { eventually } from "../shared/eventually.ts";

// The shipped files contain host names. Each name gets a loopback address for this run, in a hosts file that only the
// programs started here use. So the files need no change, and runs do not affect each other.

const net = `127.${64 + (process.pid % 128)}.${Math.floor(process.pid / 128) % 256}`;

export const addresses = {
  "api-server-1": `${net}.1`,
  "api-server-2": `${net}.2`,
  "api-server-3": `${net}.3`,
  haproxy: `${net}.9`,
  localhost: `${net}.10`,
  alertmanager: `${net}.11`,
  nginx: `${net}.12`,
  "nginx-exporter": `${net}.13`,
  edge: `${net}.14`,
  blackbox: `${net}.15`,
  "nginx-log-exporter": `${net}.16`,
  "name-server": `${net}.53`,
} as const;

export function scratchFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "haven-monitoring-"));
  atEnd(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

const enterAndRun = 'mount --bind "$0/hosts" /etc/hosts && mount --bind "$0/resolv.conf" /etc/resolv.conf && exec "$@"';

/** The reason why this user may not create a mount namespace, or false. In CI, the tests run as root. */
export const noNamespaceReason = process.getuid?.() === 0 ? false : "needs root, for a hosts file of its own";

/** Runs a server that resolves those names, until the end of the test file. */
export function runNamed(
  folder: string,
  command: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): { output(): string } {
  const lines = Object.entries(addresses).map(([name, address]) => `${address} ${name}\n`);
  const files = { hosts: lines.join(""), "resolv.conf": `nameserver ${addresses["name-server"]}\n` };
  for (const [name, text] of Object.entries(files)) {
    // An existing file is not rewritten, because a program may be reading it.
    if (!existsSync(join(folder, name))) writeFileSync(join(folder, name), text);
  }
  const isolated = ["--mount", "--propagation", "private", "sh", "-c", enterAndRun, folder, command, ...args];
  return collectOutput(
    spawn("unshare", isolated, {
      cwd: folder,
      stdio: ["ignore", "pipe", "pipe"],
      env: { ...process.env, ...env },
    }),
  );
}

function collectOutput(child: ChildProcess): { output(): string } {
  let output = "";
  for (const stream of [child.stdout, child.stderr]) stream?.on("data", (chunk: Buffer) => (output += chunk));
  atEnd(async () => {
    child.kill("SIGKILL");
    await eventually(
      () => child.exitCode ?? child.signalCode,
      (ended) => ended !== null,
    );
  });
  return { output: () => output };
}
