import { execFile } from "node:child_process";
import { chown, lstat, readdir, readFile, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { promisify } from "node:util";

const helpTimeoutMs = 2_000;
const preferredUser = "nobody";

/** How to start Postgres, which refuses to run as root: the command prefix, and the owner of its files. */
export type RunAs = { prefix: readonly string[]; uid?: number; gid?: number; owner?: Owner };
type Owner = { uid: number; gid: number };

export async function runAs(binary: string, dataDir: string, cluster: string): Promise<RunAs> {
  const setpriv = await hasUtilLinuxSetpriv();
  // Ends Postgres when the guard exits, also when the guard is killed.
  const prefix = setpriv ? ["setpriv", "--pdeathsig=QUIT"] : [];
  if (process.getuid?.() !== 0) return { prefix };
  const owner = (await ownerOf(cluster)) ?? (await unprivilegedUser());
  if (!setpriv) return { prefix, ...owner, owner };
  prefix.push(`--reuid=${owner.uid}`, `--regid=${owner.gid}`, "--clear-groups");
  const isReadable = (await isOpenToAllUsers(dirname(binary))) && (await isOpenToAllUsers(dataDir));
  // Without no_setuid_fixup, access(2) ignores the capability.
  const bypassPermissions = [
    "--inh-caps=+dac_override",
    "--ambient-caps=+dac_override",
    "--securebits=+no_setuid_fixup",
  ];
  return { prefix: isReadable ? prefix : [...prefix, ...bypassPermissions], owner };
}

/** Returns whether the program setpriv comes from util-linux. The setpriv of busybox lacks the options. */
async function hasUtilLinuxSetpriv(): Promise<boolean> {
  if (process.platform !== "linux") return false;
  const options = { timeout: helpTimeoutMs };
  const { stdout } = await promisify(execFile)("setpriv", ["--help"], options).catch(() => ({ stdout: "" }));
  return ["--pdeathsig", "--ambient-caps", "--securebits"].every((flag) => stdout.includes(flag));
}

async function ownerOf(path: string): Promise<Owner | undefined> {
  const stats = await stat(path).catch(() => undefined);
  return stats && stats.uid !== 0 ? { uid: stats.uid, gid: stats.gid } : undefined;
}

async function unprivilegedUser(): Promise<Owner> {
  const lines = (await readFile("/etc/passwd", "utf8").catch(() => "")).split("\n").map((line) => line.split(":"));
  const users = lines.filter((fields) => Number(fields[2]) > 0 && Number(fields[3]) > 0);
  const user = users.find(([name]) => name === preferredUser) ?? users.at(-1);
  return { uid: Number(user?.[2] ?? 65_534), gid: Number(user?.[3] ?? 65_534) };
}

async function isOpenToAllUsers(path: string): Promise<boolean> {
  const { mode } = await stat(path);
  if ((mode & 0o001) === 0) return false;
  return path === dirname(path) || isOpenToAllUsers(dirname(path));
}

export async function changeOwner(owner: Owner, path: string): Promise<void> {
  const stats = await lstat(path);
  if (stats.isDirectory()) for (const name of await readdir(path)) await changeOwner(owner, join(path, name));
  if (!stats.isSymbolicLink()) await chown(path, owner.uid, owner.gid);
}
