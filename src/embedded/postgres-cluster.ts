import { randomBytes } from "node:crypto";
import { access, chmod, constants, mkdir, readdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { startChild } from "./child.ts";
import { aboutFolder, EngineError, elsewhere, lastErrorLine } from "./engine-error.ts";
import { makeFolder } from "./make-folder.ts";
import { type Binaries, majorVersion } from "./postgres-binaries.ts";
import type { GuardedCommand } from "./process-guard.ts";
import { endPostgresIn, graceful } from "./processes.ts";
import { giveTo, type RunAs, runAs } from "./run-as.ts";
import { within } from "./within.ts";

const initLimitMs = 60_000;
const stopLimitMs = 2_300;
const passwordFile = "haven.password";
const initOptions = [
  "--username=haven",
  "--auth=scram-sha-256",
  "--encoding=UTF8",
  "--no-locale",
  "--locale-provider=builtin",
  "--builtin-locale=C.UTF-8",
  "--no-instructions",
];

export type Cluster = { directory: string; password: string; as: RunAs };

export function startGuard(
  { prefix, uid, gid }: RunAs,
  directory: string,
  words: readonly string[],
  hear: { onOutput: (line: string) => void; onComplaint?: (line: string) => void },
) {
  const [command = "", ...args] = [...prefix, ...words];
  const guarded: GuardedCommand = { command, args, directory, uid, gid };
  return startChild({
    script: new URL("./process-guard.ts", import.meta.url),
    args: [JSON.stringify(guarded)],
    ...hear,
  });
}

/** The data directory, made when it is not there yet, and nobody at work in it. */
export async function prepareCluster(dataDir: string, binaries: Binaries): Promise<Cluster> {
  const directory = join(dataDir, "postgres");
  try {
    await makeFolder(dataDir);
    await access(dataDir, constants.W_OK);
    const as = await runAs(binaries.postgres, dataDir, directory);
    const ours = await majorVersion(binaries, as);
    if (await isEmpty(directory)) await makeCluster(directory, binaries, as);
    await checkVersion(directory, ours);
    if (as.owner && (await stat(directory)).uid !== as.owner.uid) await giveTo(as.owner, directory);
    if (!(await endPostgresIn(directory, graceful))) {
      throw new EngineError(
        `A Postgres that still works in ${directory} could not be ended: end it, then start again.`,
      );
    }
    // by now it is nobody's: after a power cut its process id may be that of any other program
    await rm(join(directory, "postmaster.pid"), { force: true });
    return { directory, password: await passwordOf(directory), as };
  } catch (error) {
    throw aboutFolder(error, dataDir);
  }
}

async function isEmpty(directory: string): Promise<boolean> {
  const names = await readdir(directory).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return [];
    throw error;
  });
  return names.length === 0;
}

async function checkVersion(directory: string, ours: string): Promise<void> {
  const found = await readFile(join(directory, "PG_VERSION"), "utf8").catch((error: NodeJS.ErrnoException) => {
    if (error.code !== "ENOENT") throw error;
    throw new EngineError(
      `${directory} holds no Postgres data, but is not empty either: move it away, or ${elsewhere}.`,
    );
  });
  if (found.trim() === ours) return;
  const what = `${directory} holds the data of Postgres ${found.trim()}, but the embedded Postgres is version ${ours}`;
  throw new EngineError(`${what}: move that folder away to begin with an empty database, or ${elsewhere}.`);
}

async function passwordOf(directory: string): Promise<string> {
  const file = join(directory, passwordFile);
  return readFile(file, "utf8").catch((error: NodeJS.ErrnoException) => {
    if (error.code !== "ENOENT") throw error;
    throw new EngineError(
      `The password of the embedded Postgres is gone (${file}): put it back, or move ${directory} away.`,
    );
  });
}

// Beside its final place, and renamed when all is done: what was interrupted leaves nothing that looks complete.
async function makeCluster(directory: string, { initdb }: Binaries, as: RunAs): Promise<void> {
  const unfinished = join(dirname(directory), "postgres.unfinished");
  const password = join(dirname(directory), "postgres.password");
  try {
    await rm(unfinished, { recursive: true, force: true });
    await rm(password, { force: true });
    await mkdir(unfinished, { mode: 0o700 });
    await writeFile(password, randomBytes(24).toString("base64url"), { mode: 0o600 });
    await chmod(password, 0o600);
    if (as.owner) await giveTo(as.owner, unfinished);
    if (as.owner) await giveTo(as.owner, password);
    const words = [initdb, ...initOptions, `--pgdata=${unfinished}`, `--pwfile=${password}`];
    const child = startGuard(as, unfinished, words, { onOutput: () => {} });
    const late = () =>
      new EngineError(`Making the database in ${directory} took longer than ${initLimitMs / 1_000} s.`);
    const how = await within(initLimitMs, child.exited, late).finally(() => child.stop(stopLimitMs));
    if (how !== "exit code 0") {
      const reason = lastErrorLine(child.complaints());
      throw new EngineError(
        `The embedded Postgres could not make its database in ${directory} (${reason}): ${elsewhere}.`,
      );
    }
    await rename(password, join(unfinished, passwordFile));
    await rm(directory, { recursive: true, force: true });
    await rename(unfinished, directory);
  } catch (error) {
    await rm(unfinished, { recursive: true, force: true });
    await rm(password, { force: true });
    throw error;
  }
}
