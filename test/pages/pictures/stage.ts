import { bearer, register, sameSecret } from "../../shared/requests/people.ts";
import { startFaultProxy } from "../../shared/servers/fault-proxy.ts";
import { type Name, names, startFleet } from "../../shared/servers/fleet.ts";
import { asAppRole, freshDatabase, prepareTemplate, query } from "../../shared/servers/stores/database.ts";
import { startPostgresServer } from "../../shared/servers/stores/postgres-servers.ts";
import { askRedis } from "../../shared/servers/stores/redis-servers.ts";
import { startTlsRedis } from "../../shared/servers/stores/tls-redis.ts";
import { startHaven } from "../../support/haven.ts";
import { startSteadyLoad } from "../../support/steady-load.ts";

const password = "a-password-of-the-run";
/** The load of a balancer on each of three instances. */
const requestsPerSecond = 20;
const paths = ["/api/v1/auth/me", "/api/v1/properties", "/api/v1/maintenance-requests"];
const requestsPerSecondOfPeer = 2;
/** Every twentieth peer loses Postgres. */
const isWithoutPostgres = (number: number): boolean => number % 20 === 7;

const shortDrain = { DRAIN_DELAY_MS: "500", DRAIN_LINGER_MS: "200" };

/** Starts three instances under load, on a Postgres, and a Redis with TLS. */
export async function startStage() {
  // Each of a hundred instances holds a few connections.
  const postgres = await startPostgresServer({ settings: ["max_connections = 1000"] });
  await query(postgres.url, `CREATE ROLE haven SUPERUSER LOGIN PASSWORD '${password}'`);
  await query(postgres.url, "CREATE DATABASE haven OWNER haven");
  process.env["TEST_DATABASE_URL"] = `postgres://haven:${password}@127.0.0.1:${postgres.port}/haven`;
  await prepareTemplate(process.env["TEST_DATABASE_URL"]);
  const databaseUrl = await freshDatabase();
  const redis = await startTlsRedis({ days: 80 });
  const env = {
    ...sameSecret,
    ACCESS_TOKEN_TTL: "3600",
    NODE_ENV: "production",
    LOG_LEVEL: "warn",
    ...shortDrain,
    ...redis.env,
  };
  const fleet = await startFleet({ env, entry: "main", services: { databaseUrl, redisUrl: redis.server.url } });
  const headers = bearer(await register(fleet.member("api-server-1").url));
  const send = (name: Name) =>
    startSteadyLoad(fleet.member(name).url, requestsPerSecond, (count) => ({
      path: paths[count % paths.length] ?? "/api",
      headers,
    }));
  const loads = new Map(names.map((name) => [name, send(name)]));

  return {
    databaseUrl,
    url: fleet.member("api-server-2").url,
    member: fleet.member,
    startLoad: (name: Name) => void loads.set(name, send(name)),
    /** Stops the requests, as a balancer does for an instance that is not ready. */
    async stopLoad(name: Name) {
      await loads.get(name)?.stop();
    },
    /** Gives Redis a certificate that expires in this many days, and restarts an instance, so that it reads the certificate. */
    async changeCertificate(days: number, name: Name) {
      const { certFile, keyFile } = redis.authority.issue("redis", { names: ["127.0.0.1"], days });
      await askRedis(redis.server.port, "config", "set", "tls-cert-file", certFile, "tls-key-file", keyFile);
      await loads.get(name)?.stop();
      await fleet.member(name).restart();
      loads.set(name, send(name));
    },
    /** Starts further instances in this process, until the fleet has `size` instances. Some of them lose Postgres. */
    async growTo(size: number) {
      for (const name of names) await loads.get(name)?.stop();
      const urls = fleet.members.map(({ url }) => url);
      for (let number = names.length + 1; number <= size; number += 1) {
        const path = await startFaultProxy(asAppRole(databaseUrl), { keepsSent: false });
        const peer = await startHaven({
          env: {
            ...env,
            NODE_ENV: "test",
            INSTANCE_ID: `api-server-${number}`,
            DATABASE_URL: path.url,
          },
        });
        urls.push(peer.url);
        if (isWithoutPostgres(number)) await path.set("refuse");
      }
      for (const url of urls) startSteadyLoad(url, requestsPerSecondOfPeer, () => ({ path: "/api" }));
    },
  };
}

export type Stage = Awaited<ReturnType<typeof startStage>>;
