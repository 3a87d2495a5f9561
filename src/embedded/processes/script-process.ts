import { spawn } from "node:child_process";
import { constants } from "node:os";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { sendSignal } from "./processes.ts";

const maxErrorLines = 30;
const killTimeoutMs = 300;

type ScriptRequest = {
  script: URL;
  args: readonly string[];
  env?: Record<string, string>;
  onOutput: (line: string) => void;
  onErrorLine?: (line: string) => void;
};

/**
 * Runs one of our scripts in a separate process group, so that Ctrl-C in a terminal reaches only the application. The
 * script exits when its standard input ends: after stop(), and when this process exits for any reason.
 */
export function startScript({ script, args, env, onOutput, onErrorLine }: ScriptRequest) {
  const child = spawn(process.execPath, ["--disable-warning=ExperimentalWarning", fileURLToPath(script), ...args], {
    detached: true,
    windowsHide: true,
    stdio: ["pipe", "pipe", "pipe"],
    env: { PATH: process.env["PATH"], LC_ALL: "C", ...env },
  });
  const errorLines: string[] = [];
  let hasEnded = false;
  const exited = new Promise<string>((resolve) => {
    const end = (reason: string) => {
      hasEnded = true;
      resolve(reason);
    };
    child.once("error", (error) => end(error.message));
    // Not "close", because processes that the script has started may outlive it and keep the pipes open.
    child.once("exit", (code, signal) => end(signal ?? exitReason(code ?? 0)));
  });
  child.unref();
  for (const stream of [child.stdin, child.stdout, child.stderr]) {
    stream.on("error", () => {});
    if ("unref" in stream && typeof stream.unref === "function") stream.unref();
  }
  createInterface(child.stdout).on("line", onOutput);
  createInterface(child.stderr).on("line", (line) => {
    errorLines.push(line);
    if (errorLines.length > maxErrorLines) errorLines.shift();
    onErrorLine?.(line);
  });

  return {
    pid: child.pid,
    exited,
    errorLines: (): readonly string[] => errorLines,
    async stop(timeoutMs: number): Promise<void> {
      child.stdin.end();
      if (await exitsWithin(timeoutMs)) return;
      if (child.pid !== undefined) sendSignal(child.pid, "SIGKILL");
      await exitsWithin(killTimeoutMs);
    },
  };

  function exitsWithin(timeoutMs: number): Promise<boolean> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => resolve(hasEnded), timeoutMs);
      void exited.then(() => {
        clearTimeout(timer);
        resolve(true);
      });
    });
  }
}

// If a signal has ended the command, the guard exits with 128 plus the number of the signal, as a shell does.
function exitReason(code: number): string {
  return Object.entries(constants.signals).find(([, number]) => number === code - 128)?.[0] ?? `exit code ${code}`;
}
