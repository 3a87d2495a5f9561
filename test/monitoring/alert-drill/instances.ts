import { tmpdir } from "node:os";
import { eventually } from "../../shared/eventually.ts";
import { ask } from "../../shared/requests/http.ts";
import { type FaultProxy, startFaultProxy } from "../../shared/servers/fault-proxy.ts";
import { hostOf, names } from "../../shared/servers/fleet.ts";
import { type HavenProcess, startHavenProcess } from "../../shared/servers/haven-process.ts";
import { asAppRole } from "../../shared/servers/stores/database.ts";

export type Instance = {
  name: string;
  url: string;
  /** The fault proxies between this instance and the stores. */
  database: FaultProxy;
  redis: FaultProxy;
  process(): HavenProcess;
  /** Ends the process, and starts it again with these additional settings. */
  restart(more?: Readonly<Record<string, string>>, until?: "ready" | "started", openFiles?: number): Promise<void>;
  kill(signal?: NodeJS.Signals): Promise<void>;
  log(): string;
  state(): string;
  temporaryFolder(): string;
};

type Stores = { databaseUrl: string; redisUrl: string; env: Readonly<Record<string, string>> };

/** Starts the three instances of the shipped files, each with its own fault proxies to the stores. */
export async function startInstances(stores: Stores) {
  let settings: Readonly<Record<string, string>> = {};
  const members = await Promise.all(names.map((name) => startInstance(name, stores, () => settings)));
  return {
    members,
    /** Restarts all instances if these settings differ from the current ones. */
    async useSettings(next: Readonly<Record<string, string>> = {}) {
      if (JSON.stringify(next) === JSON.stringify(settings)) return;
      settings = next;
      await Promise.all(members.map((one) => one.restart()));
    },
  };
}

async function startInstance(
  name: (typeof names)[number],
  { databaseUrl, redisUrl, env }: Stores,
  settings: () => Readonly<Record<string, string>>,
): Promise<Instance> {
  const database = await startFaultProxy(asAppRole(databaseUrl), { keepsSent: false });
  const redis = await startFaultProxy(redisUrl, { keepsSent: false });
  const host = hostOf(name);
  const url = `http://${host}:4000`;
  let extra: Readonly<Record<string, string>> = {};
  let earlierOutput = "";
  let state = "running";
  const launch = async (until: "ready" | "started", openFiles?: number) => {
    const started = await startHavenProcess({
      env: {
        ...defaultSettings,
        ...env,
        HOST: host,
        INSTANCE_ID: name,
        DATABASE_URL: database.url,
        REDIS_URL: redis.url,
        ...settings(),
        ...extra,
      },
      until: "started",
      openFiles,
    });
    state = "running";
    void started.exited.then(({ code, signal }) => (state = `exited (${code ?? exitCodeOf[signal ?? ""] ?? signal})`));
    if (until === "ready") await readyAt(url);
    return started;
  };
  let current = await launch("ready");
  const end = async (signal: NodeJS.Signals) => {
    current.child.kill(signal);
    if (signal === "SIGKILL") current.child.kill("SIGCONT");
    await current.exited;
    earlierOutput += current.output();
  };
  return {
    name,
    url,
    database,
    redis,
    process: () => current,
    async restart(more = {}, until = "ready", openFiles) {
      if (current.child.exitCode === null && current.child.signalCode === null) await end("SIGKILL");
      extra = more;
      current = await launch(until, openFiles);
    },
    kill: (signal = "SIGKILL") => end(signal),
    log: () => earlierOutput + current.output(),
    state: () => state,
    temporaryFolder: () => extra["TMPDIR"] ?? tmpdir(),
  };
}

const exitCodeOf: Readonly<Record<string, number>> = { SIGKILL: 137, SIGTERM: 143 };

const defaultSettings = {
  PORT: "4000",
  AUTH_RATE_LIMIT: "0",
  // The machine is busy with all these processes, and only some cases are about overload.
  OVERLOAD_DELAY_MS: "0",
  REDIS_COMMAND_TIMEOUT_MS: "1000",
  HEALTH_CHECK_INTERVAL: "1000",
};

export const readyAt = (url: string): Promise<unknown> =>
  eventually(
    () =>
      ask(`${url}/ready`).then(
        ({ status }) => status,
        () => 0,
      ),
    (status) => status === 200,
    40_000,
    100,
  );
