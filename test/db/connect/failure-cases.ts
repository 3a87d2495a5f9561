import { once } from "node:events";
import { createServer } from "node:net";
import { readPostgres } from "../../../src/config/sections/store-settings.ts";
import { createConnector } from "../../../src/db/connect/connector.ts";
import { atEnd } from "../../shared/at-end.ts";
import { createAuthority } from "../../shared/certificates.ts";
import { freePort } from "../../shared/free-port.ts";
import { startFaultProxy } from "../../shared/servers/fault-proxy.ts";
import { query, variableOfRun } from "../../shared/servers/stores/database.ts";
import { startPgBouncer } from "../../shared/servers/stores/pgbouncer.ts";
import { postgresUser, startPostgresServer } from "../../shared/servers/stores/postgres-servers.ts";
import { startWebServer } from "../../shared/servers/web-server.ts";

export type FailureCase = { cause: string; environment: Record<string, string> };

/** Returns the ways in which a first connection to Postgres can fail, each with a real server. */
export async function postgresFailureCases(): Promise<FailureCase[]> {
  const authority = createAuthority();
  const owner = postgresUser();
  const serve = (names: readonly string[], days = 30) => {
    const { certFile, keyFile } = authority.issue("db", { names, days, owner });
    return [
      "ssl = on",
      `ssl_cert_file = '${certFile}'`,
      `ssl_key_file = '${keyFile}'`,
      `ssl_ca_file = '${authority.caFile}'`,
    ];
  };
  const [server, expired, plain] = await Promise.all([
    startPostgresServer({
      settings: serve(["127.0.0.1"]),
      access: [
        "hostnossl all encrypted 127.0.0.1/32 reject",
        "hostssl all certified 127.0.0.1/32 cert",
        "host all outsider 127.0.0.1/32 reject",
        "host all kerberos 127.0.0.1/32 gss",
      ],
    }),
    startPostgresServer({ settings: serve(["127.0.0.1"], -1) }),
    startPostgresServer(),
  ]);
  for (const sql of [
    "CREATE ROLE app LOGIN PASSWORD 'hunter2'",
    "CREATE ROLE crowded LOGIN PASSWORD 'hunter2' CONNECTION LIMIT 0",
    "CREATE ROLE encrypted LOGIN",
    "CREATE ROLE certified LOGIN",
    "CREATE ROLE outsider LOGIN",
    "CREATE ROLE kerberos LOGIN",
    "CREATE DATABASE closed",
    "REVOKE CONNECT ON DATABASE closed FROM PUBLIC",
  ])
    await query(server.url, sql);
  const users = { app: "hunter2" };
  const pooler = await startPgBouncer({ port: server.port, users, databases: ["postgres"] });
  const full = await startPgBouncer({ port: server.port, users, settings: ["max_client_conn = 0"] });
  const poolerWithoutPostgres = await startPgBouncer({
    port: await freePort(),
    users,
    settings: ["query_wait_timeout = 1"],
  });
  const silent = await startFaultProxy(server.url);
  await silent.set("hole");
  const webPort = await startWebServer();

  const urlOf = (
    port: number | undefined,
    { user = "app:hunter2", database = "postgres", host = "127.0.0.1", more = "" } = {},
  ) => `postgres://${user}@${host}:${port}/${database}${more}`;
  const failureCase = (cause: string, DATABASE_URL: string, environment: Record<string, string> = {}): FailureCase => ({
    cause,
    environment: { DB_CONNECT_TIMEOUT_MS: "1500", DATABASE_URL, ...environment },
  });
  const ca = { DATABASE_CA_FILE: authority.caFile };
  const pooled = { DB_POOLER: "transaction" };
  return [
    failureCase("connection refused", urlOf(await freePort())),
    failureCase("unknown host", urlOf(5432, { host: "db.invalid" })),
    failureCase("no answer", urlOf(silent.port)),
    failureCase("no such socket", `postgres:///postgres?host=${plain.folder}&port=1`),
    failureCase("wrong password", urlOf(server.port, { user: "app:hunter3" })),
    failureCase("unknown user", urlOf(server.port, { user: "stranger:x" })),
    failureCase("no password", urlOf(server.port, { user: "app" })),
    failureCase("the program for the password fails", urlOf(server.port, { user: "app" }), {
      DATABASE_PASSWORD_COMMAND: "sh -c 'echo hunter2; exit 1'",
    }),
    failureCase("the program for the password hangs", urlOf(server.port, { user: "app" }), {
      DATABASE_PASSWORD_COMMAND: "sleep 60",
      PASSWORD_COMMAND_TIMEOUT_MS: "300",
    }),
    failureCase("user not admitted by pg_hba.conf", urlOf(server.port, { user: "outsider" })),
    failureCase("an authentication method that is not supported", urlOf(server.port, { user: "kerberos" })),
    failureCase("unknown database", urlOf(server.port, { database: "missing" })),
    failureCase("no right to connect to the database", urlOf(server.port, { database: "closed" })),
    failureCase("too many connections", urlOf(server.port, { user: "crowded:hunter2" })),
    failureCase("server requires TLS", urlOf(server.port, { user: "encrypted" })),
    failureCase("server has no TLS", urlOf(plain.port, { user: "postgres", more: "?sslmode=require" })),
    failureCase(
      "server offers no channel binding",
      urlOf(server.port, { user: "postgres", more: "?channel_binding=require" }),
    ),
    failureCase("certificate of an unknown authority", urlOf(server.port, { more: "?sslmode=verify-full" })),
    failureCase("certificate of another authority", urlOf(server.port), {
      DATABASE_CA_FILE: createAuthority("Other").caFile,
    }),
    failureCase("certificate for another host", urlOf(server.port, { host: "localhost" }), ca),
    failureCase("certificate expired", urlOf(expired.port, { user: "postgres" }), ca),
    failureCase("client certificate missing", urlOf(server.port, { user: "certified" }), ca),
    failureCase(
      "no host of the required kind",
      urlOf(plain.port, { user: "postgres", more: "?target_session_attrs=standby" }),
    ),
    failureCase("pooler without DB_POOLER", urlOf(pooler.port)),
    failureCase(
      "pooler: a parameter in options",
      urlOf(pooler.port, { more: "?options=-c%20search_path%3Dpublic" }),
      pooled,
    ),
    failureCase("pooler: wrong password", urlOf(pooler.port, { user: "app:hunter3" }), pooled),
    failureCase("pooler: unknown database", urlOf(pooler.port, { database: "missing" }), pooled),
    failureCase("pooler: too many clients", urlOf(full.port), pooled),
    failureCase("pooler: Postgres behind the pooler is unavailable", urlOf(poolerWithoutPostgres.port), pooled),
    failureCase("a web server on the port", urlOf(webPort)),
    failureCase("a web server on the port, with TLS", urlOf(webPort, { more: "?sslmode=require" })),
    failureCase("MySQL on the port", urlOf(await startGreetingServer())),
    failureCase("Redis on the port", urlOf(Number(new URL(variableOfRun("TEST_REDIS_URL")).port))),
  ];
}

export async function failureOf({ cause, environment }: FailureCase): Promise<unknown> {
  const limits = readPostgres(environment);
  try {
    const { client } = await createConnector(limits).open({ ...limits, applicationName: "haven" });
    await client.end();
  } catch (error) {
    return error;
  }
  throw new Error(`The connection succeeded: ${cause}`);
}

/** Starts a server that sends the first message, as MySQL does, and returns its port. */
async function startGreetingServer(): Promise<number> {
  const greeting = Buffer.concat([Buffer.from([0x4a, 0, 0, 0, 0x0a]), Buffer.from("8.0.36\0".padEnd(73, "x"))]);
  const server = createServer((socket) => {
    socket.on("error", () => undefined);
    socket.write(greeting);
  });
  atEnd(() => void server.close());
  const port = await freePort();
  server.listen(port, "127.0.0.1");
  await once(server, "listening");
  return port;
}
