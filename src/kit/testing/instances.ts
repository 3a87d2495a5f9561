import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { get } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";

export type InstanceOptions = {
  command: string;
  args: readonly string[];
  cwd: string;
  env: Readonly<Record<string, string | undefined>>;
  url: string;
  readyPath: string;
  startTimeoutMs: number;
  stopTimeoutMs: number;
};

const probeIntervalMs = 100;
const maxErrorOutput = 4000;

/** Creates an instance: a process of the app, whose ready probe can be polled. */
export function createInstance(options: InstanceOptions) {
  const { command, args, cwd, env, url, readyPath, startTimeoutMs, stopTimeoutMs } = options;
  let child: ChildProcess | undefined;
  let stderr = "";
  let ready = false;
  let stopped = false;

  return {
    url,
    isReady: (): boolean => ready,
    /** Polls the ready probe until `endProbes`. */
    async probe(): Promise<void> {
      while (!stopped) {
        ready = (await statusOf(new URL(readyPath, url))) === 200;
        await sleep(probeIntervalMs);
      }
    },
    endProbes(): void {
      stopped = true;
    },
    /** Starts the process; resolves when it is ready. */
    async start(): Promise<void> {
      const started = spawn(command, args, {
        cwd,
        env: { ...process.env, ...env },
        stdio: ["ignore", "ignore", "pipe"],
      });
      child = started;
      stderr = "";
      started.stderr.on("data", (chunk: Buffer) => {
        stderr = `${stderr}${chunk}`.slice(-maxErrorOutput);
      });
      const closed = once(started, "close");
      const deadline = performance.now() + startTimeoutMs;
      ready = false;
      while (!ready) {
        if (started.exitCode !== null || started.signalCode !== null) {
          await closed;
          throw new Error(`the app exited with ${started.exitCode ?? started.signalCode}: ${stderr}`);
        }
        if (performance.now() > deadline)
          throw new Error(`the app was not ready within ${startTimeoutMs} ms: ${stderr}`);
        await sleep(20);
      }
    },
    /** Sends SIGTERM, kills the process if it does not end in time, and resolves with the exit code or the signal. */
    async stop(): Promise<number | string | null> {
      const running = child;
      if (running === undefined || running.exitCode !== null || running.signalCode !== null) return null;
      const exited = once(running, "exit");
      running.kill("SIGTERM");
      const timer = setTimeout(() => running.kill("SIGKILL"), stopTimeoutMs);
      const [code, signal] = await exited;
      clearTimeout(timer);
      return code ?? signal;
    },
    kill: (): void => void child?.kill("SIGKILL"),
  };
}

export type Instance = ReturnType<typeof createInstance>;

/** Returns the status of a response, or 0 without a response. */
async function statusOf(url: URL): Promise<number> {
  try {
    const [response] = await once(get(url, { agent: false, signal: AbortSignal.timeout(2000) }), "response");
    response.resume();
    return response.statusCode;
  } catch {
    return 0;
  }
}
