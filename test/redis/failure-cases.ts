import { once } from "node:events";
import { connect } from "node:net";
import { readRedis } from "../../src/config/sections/store-settings.ts";
import { failureCode } from "../../src/core/errors/connection-failure.ts";
import { createRedisPinger } from "../../src/redis/redis-pinger.ts";
import { atEnd } from "../shared/at-end.ts";
import { createAuthority } from "../shared/certificates.ts";
import { eventually } from "../shared/eventually.ts";
import { freePort } from "../shared/free-port.ts";
import { startFaultProxy } from "../shared/servers/fault-proxy.ts";
import { variableOfRun } from "../shared/servers/stores/database.ts";
import { askRedis, startRedisServer, startSentinel } from "../shared/servers/stores/redis-servers.ts";
import { startWebServer } from "../shared/servers/web-server.ts";

export type FailureCase = { cause: string; environment: Record<string, string>; code?: RegExp };

/** Returns the ways in which a first connection to Redis can fail, each with a real server. */
export async function redisFailureCases(): Promise<FailureCase[]> {
  const authority = createAuthority();
  const tls = async (days: number, more: readonly string[] = []) => {
    const port = await freePort();
    const { certFile, keyFile } = authority.issue("redis", { names: ["127.0.0.1"], days });
    const files = [`tls-cert-file ${certFile}`, `tls-key-file ${keyFile}`, `tls-ca-cert-file ${authority.caFile}`];
    await startRedisServer([`tls-port ${port}`, ...files, "tls-auth-clients no", ...more]);
    return port;
  };
  const plain = await startRedisServer();
  const secured = await startRedisServer([
    "user app on >hunter2 ~* &* +ping +info +hello +select +client",
    "user confined on >hunter2 ~* &* +@all -select",
  ]);
  await askRedis(secured.port, "acl", "setuser", "default", "off");
  const withoutSelect = await startRedisServer(['rename-command SELECT ""']);
  const node = await startRedisServer(["cluster-enabled yes", `cluster-port ${await freePort()}`]);
  const sentinel = await startSentinel([`sentinel monitor haven 127.0.0.1 ${plain.port} 1`]);
  const [tlsPort, expiredPort, mutualPort] = [await tls(30), await tls(-1), await tls(30, ["tls-auth-clients yes"])];
  const crowded = await startRedisServer(["maxclients 1"]);
  await eventually(() => hold(crowded.port), Boolean);
  const silent = await startFaultProxy(plain.url);
  await silent.set("hole");
  const webPort = await startWebServer();

  const failureCase = (cause: string, environment: Record<string, string>): FailureCase => ({
    cause,
    environment: { REDIS_CONNECT_TIMEOUT_MS: "1000", ...environment },
  });
  const url = (port: number) => ({ REDIS_URL: `redis://127.0.0.1:${port}` });
  const secure = (port: number, host = "127.0.0.1") => ({ REDIS_URL: `rediss://${host}:${port}` });
  const ca = { REDIS_CA_FILE: authority.caFile };
  return [
    failureCase("connection refused", url(await freePort())),
    failureCase("unknown host", { REDIS_HOST: "redis.invalid" }),
    failureCase("no answer", url(silent.port)),
    failureCase("no password", url(secured.port)),
    failureCase("wrong password", { REDIS_URL: `redis://app:hunter3@127.0.0.1:${secured.port}` }),
    failureCase("the program for the password fails", {
      ...url(secured.port),
      REDIS_PASSWORD_COMMAND: "sh -c 'echo hunter2; exit 1'",
    }),
    failureCase("no such database", { REDIS_URL: `redis://127.0.0.1:${plain.port}/99` }),
    failureCase("the server has no database but 0", { REDIS_URL: `redis://127.0.0.1:${withoutSelect.port}/1` }),
    failureCase("a user without the right to select the database", {
      REDIS_URL: `redis://confined:hunter2@127.0.0.1:${secured.port}/1`,
    }),
    failureCase("too many connections", url(crowded.port)),
    failureCase("a user without the rights", {
      REDIS_CLUSTER_NODES: `127.0.0.1:${secured.port}`,
      REDIS_USERNAME: "app",
      REDIS_PASSWORD: "hunter2",
    }),
    failureCase("server has no TLS", { ...secure(plain.port), ...ca }),
    failureCase("server requires TLS", url(tlsPort)),
    failureCase("certificate of an unknown authority", secure(tlsPort)),
    failureCase("certificate for another host", { ...secure(tlsPort, "localhost"), ...ca }),
    failureCase("certificate expired", { ...secure(expiredPort), ...ca }),
    // The server sends an alert and closes the connection. The client may receive either first.
    { ...failureCase("client certificate missing", { ...secure(mutualPort), ...ca }), code: /^ERR_SSL/ },
    failureCase("not a node of a Cluster", { REDIS_CLUSTER_NODES: `127.0.0.1:${plain.port}` }),
    failureCase("a Cluster without slots", { REDIS_CLUSTER_NODES: `127.0.0.1:${node.port}` }),
    failureCase("no Sentinel answers", {
      REDIS_SENTINELS: `127.0.0.1:${await freePort()}`,
      REDIS_SENTINEL_NAME: "haven",
    }),
    failureCase("unknown name of the primary", {
      REDIS_SENTINELS: `127.0.0.1:${sentinel.port}`,
      REDIS_SENTINEL_NAME: "other",
    }),
    failureCase("a web server on the port", url(webPort)),
    failureCase("Postgres on the port", url(Number(new URL(variableOfRun("TEST_DATABASE_URL")).port))),
  ];
}

/** Holds a connection until the tests have ended. Returns false if Redis still counts an earlier connection. */
async function hold(port: number): Promise<boolean> {
  const socket = connect(port, "127.0.0.1").on("error", () => undefined);
  atEnd(() => socket.destroy());
  socket.write("PING\r\n");
  const [reply] = await once(socket, "data", { signal: AbortSignal.timeout(5000) });
  return String(reply).startsWith("+PONG");
}

export async function failureOf(failureCase: FailureCase): Promise<unknown> {
  const { code } = failureCase;
  if (code === undefined) return failOnce(failureCase);
  return eventually(
    () => failOnce(failureCase),
    (error) => code.test(failureCode(error) ?? ""),
  );
}

async function failOnce({ cause, environment }: FailureCase): Promise<unknown> {
  const { target, ...limits } = readRedis(environment);
  if (target === undefined) throw new Error(`no Redis in the settings of: ${cause}`);
  const pinger = createRedisPinger(target, limits);
  try {
    await pinger.ping(AbortSignal.timeout(3000));
  } catch (error) {
    return error;
  } finally {
    pinger.close();
  }
  throw new Error(`The connection succeeded: ${cause}`);
}
