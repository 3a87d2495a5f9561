import { spawn } from "node:child_process";
import { constants } from "node:os";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { send } from "./processes.ts";

const keptLines = 30;
const forceLimitMs = 300;

type ChildRequest = {
  script: URL;
  args: readonly string[];
  env?: Record<string, string>;
  onOutput: (line: string) => void;
  onComplaint?: (line: string) => void;
};

/**
 * A Node script of ours in a process group of its own, so that a terminal's Ctrl-C reaches the application alone. The
 * script lives as long as the pipe on its standard input: it ends with stop(), and with this process, however that ends.
 */
export function startChild({ script, args, env, onOutput, onComplaint }: ChildRequest) {
  const child = spawn(process.execPath, ["--disable-warning=ExperimentalWarning", fileURLToPath(script), ...args], {
    detached: true,
    windowsHide: true,
    stdio: ["pipe", "pipe", "pipe"],
    env: { PATH: process.env["PATH"], LC_ALL: "C", ...env },
  });
  const complaints: string[] = [];
  let ended = false;
  const exited = new Promise<string>((resolve) => {
    const end = (how: string) => {
      ended = true;
      resolve(how);
    };
    child.once("error", (error) => end(error.message));
    // not "close": what the script started may outlive it and still hold the pipes
    child.once("exit", (code, signal) => end(signal ?? exitReason(code ?? 0)));
  });
  child.unref();
  for (const stream of [child.stdin, child.stdout, child.stderr]) {
    stream.on("error", () => {});
    if ("unref" in stream && typeof stream.unref === "function") stream.unref();
  }
  createInterface(child.stdout).on("line", onOutput);
  createInterface(child.stderr).on("line", (line) => {
    complaints.push(line);
    if (complaints.length > keptLines) complaints.shift();
    onComplaint?.(line);
  });

  return {
    pid: child.pid,
    exited,
    complaints: (): readonly string[] => complaints,
    async stop(limitMs: number): Promise<void> {
      child.stdin.end();
      if (await endsWithin(limitMs)) return;
      if (child.pid !== undefined) send(child.pid, "SIGKILL");
      await endsWithin(forceLimitMs);
    },
  };

  function endsWithin(limitMs: number): Promise<boolean> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => resolve(ended), limitMs);
      void exited.then(() => {
        clearTimeout(timer);
        resolve(true);
      });
    });
  }
}

// a guard passes on how its command ended as a shell does: 128 and the signal's number
function exitReason(code: number): string {
  return Object.entries(constants.signals).find(([, number]) => number === code - 128)?.[0] ?? `exit code ${code}`;
}
