import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { watch } from "node:fs";
import { resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import type { Config } from "./config/read-config.ts";
import type { Embedded } from "./core/embedded-engines.ts";
import type { Logger } from "./core/logging/logger.ts";

export type DevServerDeps = {
  config: Config;
  embedded: Embedded;
  logger: Logger;
  /** Prints the queued log lines, so that they appear before the log lines of the server. */
  flush(): Promise<void>;
  /** The file that starts the server. */
  main: string;
  /** The folder whose changes restart the server. */
  sources: string;
};

export type DevServer = { stop(): Promise<void> };

/** How long after the last change the server restarts. One save causes several events. */
const settleMs = 50;
/**
 * How long after a start the next process is prepared, so that it does not compete with the start for the processor.
 */
const prepareAfterMs = 1500;
const preparedProcess = fileURLToPath(new URL("./dev-process.ts", import.meta.url));
const buildFolders = /(?:^|[/\\])(?:dist|node_modules)[/\\]/;

/**
 * Runs the server in a child process and restarts it when a source changes. The embedded services run in this process,
 * so a restart ends no session. The process of the next restart has already loaded the packages.
 */
export async function startDevServer({
  config,
  embedded,
  logger,
  flush,
  main,
  sources,
}: DevServerDeps): Promise<DevServer> {
  const postgres = config.postgres.url === undefined;
  const redis = config.redis.target === undefined;
  const engines =
    postgres || redis
      ? await embedded.startEngines({
          postgres,
          redis,
          dataDir: config.embeddedDataDir,
          log: ({ event, ...details }) => logger.info(details, `embedded ${details.engine} ${event}`),
        })
      : undefined;
  let isStopping = false;
  // Saves half of the processor time of a start, by not compiling unchanged sources again.
  const env = { NODE_COMPILE_CACHE: resolve(config.embeddedDataDir, "compile-cache"), ...process.env };
  const prepare = (): ChildProcess =>
    spawn(process.execPath, [preparedProcess, "start"], { stdio: ["inherit", "inherit", "inherit", "ipc"], env });
  let preparedChild: ChildProcess | undefined;
  let prepareTimer: NodeJS.Timeout | undefined;
  const launch = () => {
    const child = preparedChild !== undefined && isRunning(preparedChild) ? preparedChild : prepare();
    preparedChild = undefined;
    clearTimeout(prepareTimer);
    if (child.connected) child.send({ start: pathToFileURL(main).href });
    prepareTimer = setTimeout(() => {
      preparedChild = prepare();
    }, prepareAfterMs);
    child.on("exit", (code) => {
      if (code !== 0 && code !== null && !isStopping) {
        logger.warn({ code }, "the server exited; it starts again at the next change");
      }
    });
    return child;
  };
  let child = launch();

  let lastRestart = Promise.resolve();
  const restart = () => {
    lastRestart = lastRestart.then(async () => {
      if (isStopping) return;
      logger.info("a source changed: restarting the server");
      await flush();
      await stopChild(child);
      if (!isStopping) child = launch();
    });
  };
  let settleTimer: NodeJS.Timeout | undefined;
  const watcher = watch(sources, { recursive: true }, (_, file) => {
    if (file === null || buildFolders.test(file)) return;
    clearTimeout(settleTimer);
    settleTimer = setTimeout(restart, settleMs);
  });

  return {
    async stop() {
      isStopping = true;
      clearTimeout(settleTimer);
      clearTimeout(prepareTimer);
      watcher.close();
      await lastRestart;
      clearTimeout(prepareTimer);
      await Promise.all([stopChild(child), preparedChild && stopChild(preparedChild)]);
      await engines?.stop();
    },
  };
}

/** Sends SIGTERM: a terminal may have sent the child a SIGINT already, and a second SIGINT would cut its requests. */
async function stopChild(child: ChildProcess): Promise<void> {
  if (!isRunning(child)) return;
  const exited = once(child, "exit");
  child.kill("SIGTERM");
  await exited;
}

const isRunning = (child: ChildProcess): boolean => child.exitCode === null && child.signalCode === null;
