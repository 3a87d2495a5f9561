import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { fileURLToPath } from "node:url";
import { migrate } from "../../src/db/migrate/migrate.ts";
import { atEnd, cleanUp } from "../../test/shared/at-end.ts";
import { eventually } from "../../test/shared/eventually.ts";
import { ask } from "../../test/shared/requests/http.ts";
import { hostOf, names } from "../../test/shared/servers/fleet.ts";
import { startHaproxy, startNginx } from "../../test/shared/servers/proxies.ts";
import { startStores } from "../../test/shared/servers/stores/stores.ts";
import { newOwner } from "../load/owner.ts";
import { runWrk } from "../load/wrk.ts";
import type { FleetRate } from "./figures.ts";
import { resultVariable, secondsVariable } from "./fleet.ts";

// Runs in Linux namespaces, where the host names and ports that the shipped proxy files use are free.

const main = fileURLToPath(new URL("../../dist/main.js", import.meta.url));
const seconds = Number(process.env[secondsVariable]);
/** The proxies limit the rate of each client, so each request comes from another client. */
const manyClients = true;

async function startInstance(host: string, env: Record<string, string>): Promise<void> {
  const child: ChildProcess = spawn(process.execPath, [main], {
    stdio: "ignore",
    env: { PATH: process.env["PATH"], NODE_ENV: "production", HOST: host, PORT: "4000", ...env },
  });
  const exited = once(child, "exit");
  atEnd(async () => {
    child.kill("SIGKILL");
    await exited;
  });
  await eventually(
    () => ask(`http://${host}:4000/ready`).then(({ status }) => status),
    (status) => status === 200,
    60_000,
    50,
  );
}

async function measure(): Promise<FleetRate[]> {
  // This process may be limited to one core. Its child processes get all cores, as on a machine that runs the whole fleet.
  spawnSync("taskset", ["-a", "-c", "-p", `0-${cpus().length - 1}`, String(process.pid)]);
  const stores = await startStores(() => undefined);
  atEnd(stores.stop);
  await migrate({ url: stores.databaseUrl, timeoutMs: 30_000, connectTimeoutMs: 5000 });
  const env = {
    DATABASE_URL: stores.databaseUrl,
    REDIS_URL: stores.redisUrl,
    JWT_SECRET: randomBytes(32).toString("base64url"),
    OVERLOAD_DELAY_MS: "0",
    AUTH_RATE_LIMIT: "0",
  };
  const [first, ...others] = names.map(hostOf);
  if (first === undefined) return [];
  await startInstance(first, env);
  const owner = await newOwner(`http://${first}:4000`, "fleet@example.org");
  const rateOf = async (base: string): Promise<number> => {
    const load = { url: `${base}/api/v1/properties/${owner.propertyId}`, headers: owner.headers, manyClients };
    await runWrk({ ...load, seconds });
    return (await runWrk({ ...load, seconds: 5 * seconds })).perSecond;
  };
  const rates: FleetRate[] = [{ what: "one instance, no proxy", perSecond: await rateOf(`http://${first}:4000`) }];
  for (const host of others) await startInstance(host, env);
  const starts = {
    NGINX: () => startNginx({ variants: ["client-behind-balancer.conf"] }),
    HAProxy: () => startHaproxy({ env: { HAVEN_BEHIND: "balancer" } }),
  };
  for (const [name, start] of Object.entries(starts)) {
    const proxy = await start();
    rates.push({ what: `three instances behind ${name}`, perSecond: await rateOf("http://127.0.0.1:80") });
    await proxy.stop();
  }
  return rates;
}

try {
  writeFileSync(process.env[resultVariable] ?? "", JSON.stringify(await measure()));
} finally {
  await cleanUp();
}
process.exit(0);
