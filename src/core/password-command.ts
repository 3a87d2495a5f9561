import { type ChildProcess, spawn } from "node:child_process";
import { startTimeout } from "./stall-tolerant-timeout.ts";

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

/** Contains the exit code or signal, and never what the program printed. */
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
  let known: { password: string; at: number } | undefined;
  let isRejected = false;
  let running: Promise<string> | undefined;

  const execute = async (): Promise<string> => {
    const password = (await outputOf(commandLine, timeoutMs)).replace(/(?:\r?\n)+$/, "");
    if (password === "") throw new PasswordCommandFailed("no output");
    known = { password, at: performance.now() };
    isRejected = false;
    return password;
  };

  return {
    async fresh() {
      if (known !== undefined && !isRejected && performance.now() - known.at < cacheMs) return known.password;
      running ??= execute().finally(() => {
        running = undefined;
      });
      return running.catch((error: unknown) => {
        if (known === undefined || isRejected) throw error;
        // Also for the next connections, which would otherwise each wait for a program that hangs.
        known.at = performance.now();
        return known.password;
      });
    },
    last: () => known?.password,
    invalidate() {
      isRejected = true;
    },
    isRunning: () => running !== undefined,
  };
}

/** Rejects if the program does not succeed within the limit, or prints more than a password. */
function outputOf([program = "", ...args]: readonly string[], timeoutMs: number): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  // Without an input, a program that prompts for something ends instead of waiting. The group allows `kill` to end the
  // programs that this program has started, too.
  const child = spawn(program, args, { stdio: ["ignore", "pipe", "ignore"], detached: true });
  const chunks: Buffer[] = [];
  let bytes = 0;
  const fail = (code: string) => {
    reject(new PasswordCommandFailed(code));
    child.stdout?.destroy();
    killGroup(child);
  };
  const limit = startTimeout(timeoutMs, () => fail("time-out"));
  // Without free file descriptors there is no output, and the error follows.
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
  return promise.finally(limit.cancel);
}

function killGroup({ pid }: ChildProcess): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, "SIGKILL");
  } catch {
    // All processes of the group have ended.
  }
}
