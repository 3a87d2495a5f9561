import { randomBytes } from "node:crypto";
import { access, chmod, constants, mkdir, readdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { withTimeout } from "../../core/timing/stall-tolerant-timeout.ts";
import { createFolder } from "../data-folder/create-folder.ts";
import { alternative, describeFolderError, EngineError, lastErrorLine } from "../engine-error.ts";
import { endPostgresIn, graceful } from "../processes/processes.ts";
import { startScript } from "../processes/script-process.ts";
import { type Binaries, majorVersion } from "./binaries.ts";
import type { GuardedCommand } from "./process-guard.ts";
import { changeOwner, type RunAs, runAs } from "./run-as.ts";

const initTimeoutMs = 60_000;
const stopTimeoutMs = 2_300;
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

export type DataDirectory = { directory: string; password: string; as: RunAs };

export function startGuard(
  { prefix, uid, gid }: RunAs,
  directory: string,
  commandLine: readonly string[],
  listeners: { onOutput: (line: string) => void; onErrorLine?: (line: string) => void },
) {
  const [command = "", ...args] = [...prefix, ...commandLine];
  const guarded: GuardedCommand = { command, args, directory, uid, gid };
  return startScript({
    script: new URL("./process-guard.ts", import.meta.url),
    args: [JSON.stringify(guarded)],
    ...listeners,
  });
}

/** Creates the data directory if it is missing, and ends every Postgres process that still uses it. */
export async function prepareDataDirectory(
  dataDir: string,
  binaries: Binaries,
  onInitialize = () => {},
): Promise<DataDirectory> {
  const directory = join(dataDir, "postgres");
  try {
    await createFolder(dataDir);
    await access(dataDir, constants.W_OK);
    const as = await runAs(binaries.postgres, dataDir, directory);
    const version = await majorVersion(binaries, as);
    if (await isEmpty(directory)) {
      onInitialize();
      await initialize(directory, binaries, as);
    }
    await checkVersion(directory, version);
    if (as.owner && (await stat(directory)).uid !== as.owner.uid) await changeOwner(as.owner, directory);
    if (!(await endPostgresIn(directory, graceful))) {
      throw new EngineError(`A Postgres process that uses ${directory} could not be ended: end it, then start again.`);
    }
    // No Postgres uses the directory now, but the process id in this file may belong to another program after a power cut.
    await rm(join(directory, "postmaster.pid"), { force: true });
    return { directory, password: await readPassword(directory), as };
  } catch (error) {
    throw describeFolderError(error, dataDir);
  }
}

async function isEmpty(directory: string): Promise<boolean> {
  const names = await readdir(directory).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return [];
    throw error;
  });
  return names.length === 0;
}

async function checkVersion(directory: string, version: string): Promise<void> {
  const foundVersion = await readFile(join(directory, "PG_VERSION"), "utf8").catch((error: NodeJS.ErrnoException) => {
    if (error.code !== "ENOENT") throw error;
    throw new EngineError(
      `${directory} holds no Postgres data, but is not empty either: move it away, or ${alternative}.`,
    );
  });
  if (foundVersion.trim() === version) return;
  const problem = `${directory} holds the data of Postgres ${foundVersion.trim()}, but the embedded Postgres is version ${version}`;
  throw new EngineError(`${problem}: move that folder away to start with an empty database, or ${alternative}.`);
}

async function readPassword(directory: string): Promise<string> {
  const file = join(directory, passwordFile);
  return readFile(file, "utf8").catch((error: NodeJS.ErrnoException) => {
    if (error.code !== "ENOENT") throw error;
    throw new EngineError(
      `The password file of the embedded Postgres is missing (${file}): restore it, or move ${directory} away.`,
    );
  });
}

// Creates the directory under another name and renames it at the end, so that an interrupted run never looks complete.
async function initialize(directory: string, { initdb }: Binaries, as: RunAs): Promise<void> {
  const unfinished = join(dirname(directory), "postgres.unfinished");
  const password = join(dirname(directory), "postgres.password");
  try {
    await rm(unfinished, { recursive: true, force: true });
    await rm(password, { force: true });
    await mkdir(unfinished, { mode: 0o700 });
    await writeFile(password, randomBytes(24).toString("base64url"), { mode: 0o600 });
    await chmod(password, 0o600);
    if (as.owner) await changeOwner(as.owner, unfinished);
    if (as.owner) await changeOwner(as.owner, password);
    const commandLine = [initdb, ...initOptions, `--pgdata=${unfinished}`, `--pwfile=${password}`];
    const child = startGuard(as, unfinished, commandLine, { onOutput: () => {} });
    const timeoutError = () =>
      new EngineError(`Creating the database in ${directory} took longer than ${initTimeoutMs / 1_000} s.`);
    const exitReason = await withTimeout(initTimeoutMs, child.exited, timeoutError).finally(() =>
      child.stop(stopTimeoutMs),
    );
    if (exitReason !== "exit code 0") {
      const reason = lastErrorLine(child.errorLines());
      throw new EngineError(
        `The embedded Postgres could not create its database in ${directory} (${reason}): ${alternative}.`,
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
