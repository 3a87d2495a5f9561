import { Writable } from "node:stream";
import type { Overrides } from "../../src/composition/overrides.ts";
import { readConfig } from "../../src/config/read-config.ts";
import { createLoggerOn } from "../../src/core/logging/logger.ts";
import { type Running, start } from "../../src/server.ts";
import { atEnd } from "../shared/at-end.ts";
import { eventually } from "../shared/eventually.ts";
import { ask } from "../shared/requests/http.ts";
import { asAppRole, freshDatabase } from "../shared/servers/stores/database.ts";
import { freshRedis } from "../shared/servers/stores/redis.ts";

export type LogLine = Record<string, unknown> & { msg: string; level: string };

export type Haven = {
  url: string;
  port: number;
  running: Running;
  logs: readonly LogLine[];
  stop(): Promise<{ cut: number }>;
};

export type HavenOptions = { env?: Record<string, string>; overrides?: Overrides; waitUntil?: "ready" | "listening" };

/** The server shares this process with the tests, so their load would count as overload or as a slow Redis. */
const generousLimits = { OVERLOAD_DELAY_MS: "0", REDIS_COMMAND_TIMEOUT_MS: "2000" };

/** Generous, because tests that run side by side slow each other down. */
const startLimitMs = 30_000;

/** Starts a server in this process on real engines, with its own database and Redis unless the settings name others. */
export async function startHaven({ env = {}, overrides = {}, waitUntil = "ready" }: HavenOptions = {}): Promise<Haven> {
  const config = readConfig({
    NODE_ENV: "test",
    HOST: "127.0.0.1",
    PORT: "0",
    INSTANCE_ID: "test-instance",
    ...generousLimits,
    DATABASE_URL: env["DATABASE_URL"] ?? asAppRole(await freshDatabase()),
    REDIS_URL: env["REDIS_URL"] ?? (await freshRedis()),
    ...env,
  });
  const logs: LogLine[] = [];
  const sink = new Writable({
    write(chunk: Buffer, _encoding, done) {
      logs.push(JSON.parse(chunk.toString()));
      done();
    },
  });
  const logger = createLoggerOn(sink, {
    level: config.logLevel,
    instance: config.instance,
    version: "test",
    traced: config.tracing !== undefined,
  });
  const running = await start(config, { logger, overrides });
  const stop = () => running.stop();
  atEnd(stop);
  const url = `http://127.0.0.1:${running.port}`;
  if (waitUntil === "ready")
    await eventually(
      () => ask(`${url}/ready`),
      ({ status }) => status === 200,
      startLimitMs,
    );
  return { url, port: running.port, running, logs, stop };
}
