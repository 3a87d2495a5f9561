import { type ChildProcess, spawn } from "node:child_process";
import { startTimeout } from "./timing/stall-tolerant-timeout.ts";

export type PasswordCommand = {
  /** Returns the cached password, or runs the program. If the run fails, returns the last password, if there is one. */
  fresh(): Promise<string>;
  /** Returns the password of the last successful run. */
  last(): string | undefined;
  /** The server has rejected the password: the next call of `fresh` runs the program. */
  invalidate(): void;
  /** Returns whether connections wait for the program. */
  isRunning(): boolean;
};

export type PasswordCommandOptions = {
  /** The program and its arguments, which are run without a shell. */
  commandLine: readonly string[];
  timeoutMs: number;
  cacheMs: number;
};

/** Contains the exit code or the signal, and never the output of the program. */
export class PasswordCommandFailed extends Error {
  override readonly name = "PasswordCommandFailed";
  readonly code: string;

  constructor(code: string) {
    super(`The password command failed: ${code}.`);
    this.code = code;
  }
}

const maxOutputBytes = 65_536;

/** Runs a program whose output is a password, such as a token of a cloud that is valid for some minutes. */
export function createPasswordCommand({ commandLine, timeoutMs, cacheMs }: PasswordCommandOptions): PasswordCommand {
  let cached: { password: string; at: number } | undefined;
  let isRejected = false;
  let running: Promise<string> | undefined;

  const execute = async (): Promise<string> => {
    const password = (await outputOf(commandLine, timeoutMs)).replace(/(?:\r?\n)+$/, "");
    if (password === "") throw new PasswordCommandFailed("no output");
    cached = { password, at: performance.now() };
    isRejected = false;
    return password;
  };

  return {
    async fresh() {
      if (cached !== undefined && !isRejected && performance.now() - cached.at < cacheMs) return cached.password;
      running ??= execute().finally(() => {
        running = undefined;
      });
      return running.catch((error: unknown) => {
        if (cached === undefined || isRejected) throw error;
        // Keeps the last password for `cacheMs`. Otherwise each of the next connections would wait for a program that hangs.
        cached.at = performance.now();
        return cached.password;
      });
    },
    last: () => cached?.password,
    invalidate() {
      isRejected = true;
    },
    isRunning: () => running !== undefined,
  };
}

/** Rejects if the program does not succeed within the limit, or prints more than a password. */
function outputOf([program = "", ...args]: readonly string[], timeoutMs: number): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  // Without standard input, a program that prompts for input ends instead of waiting. `detached` creates a process group,
  // so that `killGroup` also ends the processes that the program has started.
  const child = spawn(program, args, { stdio: ["ignore", "pipe", "ignore"], detached: true });
  const chunks: Buffer[] = [];
  let bytes = 0;
  const fail = (code: string) => {
    reject(new PasswordCommandFailed(code));
    child.stdout?.destroy();
    killGroup(child);
  };
  const limit = startTimeout(timeoutMs, () => fail("time-out"));
  const killAtExit = () => killGroup(child);
  process.once("exit", killAtExit);
  // If no file descriptor is free, `stdout` is undefined and this event follows.
  child.on("error", (error) => reject(new PasswordCommandFailed("code" in error ? String(error.code) : "not started")));
  child.stdout?.on("data", (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes > maxOutputBytes) fail("too much output");
    else chunks.push(chunk);
  });
  child.on("close", (code, signal) => {
    if (code === 0) resolve(Buffer.concat(chunks).toString());
    else reject(new PasswordCommandFailed(signal === null ? `exit code ${code}` : `signal ${signal}`));
  });
  return promise.finally(() => {
    limit.cancel();
    process.off("exit", killAtExit);
  });
}

function killGroup({ pid }: ChildProcess): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, "SIGKILL");
  } catch {
    // All processes of the group have ended.
  }
}
