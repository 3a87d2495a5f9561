import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { watch } from "node:fs";
import { resolve } from "node:path";
import type { Config } from "./config/read-config.ts";
import type { Embedded } from "./core/embedded-engines.ts";
import type { Logger } from "./core/logger.ts";

export type DevServerDeps = {
  config: Config;
  embedded: Embedded;
  logger: Logger;
  /** The file that starts the server. */
  main: string;
  /** The folder whose changes restart the server. */
  sources: string;
};

export type DevServer = { stop(): Promise<void> };

/** One save causes several events. */
const settleMs = 100;
const buildFolders = /(?:^|[/\\])(?:dist|node_modules)[/\\]/;

/**
 * Runs the server in a child process and restarts it when a source changes. The embedded services run in this process,
 * so a restart ends no session.
 */
export async function startDevServer({ config, embedded, logger, main, sources }: DevServerDeps): Promise<DevServer> {
  const postgres = config.postgres.url === undefined;
  const redis = config.redis.target === undefined;
  const engines =
    postgres || redis
      ? await embedded.startEngines({
          postgres,
          redis,
          dataDir: config.embeddedDataDir,
          log: (line) => logger.info(line, `embedded ${line.engine} ${line.event}`),
        })
      : undefined;
  let stopping = false;
  // Half of the processor time of a start is compiling sources that have not changed.
  const env = { NODE_COMPILE_CACHE: resolve(config.embeddedDataDir, "compile-cache"), ...process.env };
  const launch = () => {
    const child = spawn(process.execPath, [main, "start"], { stdio: "inherit", env });
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
      watcher.close();
      await turn;
      await end(child);
      await engines?.stop();
    },
  };
}

/** SIGTERM, because a terminal has already sent a SIGINT to the child, and a second one would cut its requests. */
async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, "exit");
  child.kill("SIGTERM");
  await exited;
}
