import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { watch } from "node:fs";
import { resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import type { Config } from "./config/read-config.ts";
import type { Embedded } from "./core/embedded-engines.ts";
import type { Logger } from "./core/logger.ts";

export type DevServerDeps = {
  config: Config;
  embedded: Embedded;
  logger: Logger;
  /** Prints the lines that are queued, so that they precede those of the server. */
  flush(): Promise<void>;
  /** The file that starts the server. */
  main: string;
  /** The folder whose changes restart the server. */
  sources: string;
};

export type DevServer = { stop(): Promise<void> };

/** One save causes several events. */
const settleMs = 50;
/** The next process loads its packages after the server has used the processor for its own start. */
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
  let stopping = false;
  // Half of the processor time of a start is compiling sources that have not changed.
  const env = { NODE_COMPILE_CACHE: resolve(config.embeddedDataDir, "compile-cache"), ...process.env };
  const prepare = (): ChildProcess =>
    spawn(process.execPath, [preparedProcess, "start"], { stdio: ["inherit", "inherit", "inherit", "ipc"], env });
  let next: ChildProcess | undefined;
  let preparing: NodeJS.Timeout | undefined;
  const launch = () => {
    const child = next !== undefined && isRunning(next) ? next : prepare();
    next = undefined;
    clearTimeout(preparing);
    if (child.connected) child.send({ start: pathToFileURL(main).href });
    preparing = setTimeout(() => {
      next = prepare();
    }, prepareAfterMs);
    child.on("exit", (code) => {
      if (code !== 0 && code !== null && !stopping) {
        logger.warn({ code }, "the server exited; it starts again at the next change");
      }
    });
    return child;
  };
  let child = launch();

  let turn = Promise.resolve();
  const restart = () => {
    turn = turn.then(async () => {
      if (stopping) return;
      logger.info("a source changed: restarting the server");
      await flush();
      await end(child);
      if (!stopping) child = launch();
    });
  };
  let settled: NodeJS.Timeout | undefined;
  const watcher = watch(sources, { recursive: true }, (_, file) => {
    if (file === null || buildFolders.test(file)) return;
    clearTimeout(settled);
    settled = setTimeout(restart, settleMs);
  });

  return {
    async stop() {
      stopping = true;
      clearTimeout(settled);
      clearTimeout(preparing);
      watcher.close();
      await turn;
      clearTimeout(preparing);
      await Promise.all([end(child), next && end(next)]);
      await engines?.stop();
    },
  };
}

/** SIGTERM, because a terminal has already sent a SIGINT to the child, and a second one would cut its requests. */
async function end(child: ChildProcess): Promise<void> {
  if (!isRunning(child)) return;
  const exited = once(child, "exit");
  child.kill("SIGTERM");
  await exited;
}

const isRunning = (child: ChildProcess): boolean => child.exitCode === null && child.signalCode === null;
