import { execFile } from "node:child_process";
import { promisify } from "node:util";

export type PasswordCommand = {
  /** Returns the cached password, or runs the program. If the run fails, returns the last password, if there is one. */
  fresh(): Promise<string>;
  /** Returns the password of the last successful run. */
  last(): string | undefined;
  /** The server has rejected the password: the next call of `fresh` runs the program. */
  invalidate(): void;
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

const run = promisify(execFile);
const maxOutputBytes = 65_536;

/** Runs a program whose output is a password, such as a token of a cloud that is valid for some minutes. */
export function createPasswordCommand({ commandLine, timeoutMs, cacheMs }: PasswordCommandOptions): PasswordCommand {
  const [program = "", ...args] = commandLine;
  let known: { password: string; at: number } | undefined;
  let isRejected = false;
  let running: Promise<string> | undefined;

  const execute = async (): Promise<string> => {
    const limits = { timeout: timeoutMs, killSignal: "SIGKILL", maxBuffer: maxOutputBytes } as const;
    const { stdout } = await run(program, args, limits).catch((error: unknown) => {
      throw new PasswordCommandFailed(failureOf(error));
    });
    const password = stdout.replace(/(?:\r?\n)+$/, "");
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
        return known.password;
      });
    },
    last: () => known?.password,
    invalidate() {
      isRejected = true;
    },
  };
}

function failureOf(error: unknown): string {
  if (!(error instanceof Error)) return "unknown error";
  if ("killed" in error && error.killed === true) return "time-out";
  return "code" in error && error.code !== null ? `exit code ${String(error.code)}` : "signal";
}
