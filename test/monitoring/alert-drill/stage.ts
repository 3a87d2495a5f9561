import { appendFileSync, cpSync, mkdtempSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { runProgram } from "../../shared/run-program.ts";
import { startFaultProxy } from "../../shared/servers/fault-proxy.ts";
import { startMailServer } from "../../shared/servers/mail-server.ts";
import { startNginx } from "../../shared/servers/proxies.ts";
import { freshDatabase, prepareTemplate, query } from "../../shared/servers/stores/database.ts";
import { startPostgresServer } from "../../shared/servers/stores/postgres-servers.ts";
import { startRedisServer } from "../../shared/servers/stores/redis-servers.ts";
import { type Instance, startInstances } from "./instances.ts";
import { startMonitoring } from "./monitoring.ts";
import { definitionsForProcesses, edgeHost, opsToken, type Shell } from "./shell.ts";

const root = fileURLToPath(new URL("../../../", import.meta.url));

const hostNames = ["alertmanager", "nginx", "nginx-exporter", "haproxy", "blackbox", edgeHost];

/** Starts Postgres, Redis, a mail server, three instances, NGINX and the monitoring, in namespaces of their own. */
export async function startStage() {
  appendFileSync("/etc/hosts", hostNames.map((name) => `127.0.0.1 ${name}\n`).join(""));
  const postgres = await startPostgresServer({ settings: ["max_connections = 100"] });
  await query(postgres.url, "CREATE ROLE haven SUPERUSER LOGIN PASSWORD 'a-password-of-the-run'");
  await query(postgres.url, "CREATE DATABASE haven OWNER haven");
  process.env["TEST_DATABASE_URL"] = `postgres://haven:a-password-of-the-run@127.0.0.1:${postgres.port}/haven`;
  await prepareTemplate(process.env["TEST_DATABASE_URL"]);
  const databaseUrl = await freshDatabase();
  const redis = await startRedisServer(["enable-debug-command local"]);
  const mail = await startMailServer();
  const mailPath = await startFaultProxy(mail.url);
  const shared = {
    OPS_TOKEN: opsToken,
    JWT_SECRET: "a-secret-of-this-run-that-is-long-enough",
    MAIL_URL: mailPath.url,
    MAIL_FROM: "no-reply@example.com",
    PUBLIC_URL: "https://app.example.com",
  };
  const instances = await startInstances({ databaseUrl, redisUrl: redis.url, env: shared });
  const withCounts = { variants: ["status-counts.conf"] };
  let nginx = await startNginx(withCounts);
  const folder = mkdtempSync(join(tmpdir(), "haven-alert-drill-"));
  cpSync(`${root}monitoring`, `${folder}/monitoring`, { recursive: true });
  symlinkSync(`${root}src`, `${folder}/src`);
  const monitoring = await startMonitoring(`${folder}/monitoring`);
  const instance = (name: string): Instance => {
    const found = instances.members.find((one) => one.name === name);
    if (found === undefined) throw new Error(`no instance ${name}`);
    return found;
  };
  const states = new Map<string, () => string>([
    ["nginx", () => "running"],
    ["postgres", () => "running"],
    ["redis", () => (redis.isRunning() ? "running" : "exited")],
  ]);
  const logs = new Map<string, () => string>([
    ["nginx", () => nginx.log()],
    ["postgres", () => ""],
    ["redis", () => ""],
  ]);
  return {
    folder,
    postgres,
    databaseUrl,
    redis,
    mail,
    mailPath,
    instance,
    all: instances.members,
    useSettings: instances.useSettings,
    monitoring,
    states,
    logs,
    nginx: () => nginx,
    async startNginx() {
      nginx = await startNginx(withCounts);
    },
    sql: (text: string) => query(databaseUrl, text),
    /** Writes the current logs and states to files, and returns a shell with the definitions for processes. */
    shell(): Shell {
      for (const member of instances.members) {
        writeFileSync(join(folder, `${member.name}.log`), member.log());
        writeFileSync(join(folder, `${member.name}.state`), `${member.name} ${member.state()}\n`);
      }
      for (const [name, { log, state }] of Object.entries(monitoring.programs)) {
        writeFileSync(join(folder, `${name}.log`), log());
        writeFileSync(join(folder, `${name}.state`), `${name} ${state()}\n`);
      }
      for (const [name, log] of logs) writeFileSync(join(folder, `${name}.log`), log());
      for (const [name, state] of states) writeFileSync(join(folder, `${name}.state`), `${name} ${state()}\n`);
      return {
        definitions: definitionsForProcesses,
        cwd: folder,
        env: {
          PATH: `${process.env["PATH"]}:/usr/sbin`,
          DATABASE_URL: databaseUrl,
          REDIS_URL: redis.url,
          CURL_CA_BUNDLE: "/etc/nginx/ssl/cert.pem",
          HAPROXY_STATS_PASSWORD: "a-password-of-the-run",
          ...Object.fromEntries(
            instances.members.map((one) => [`TMPDIR_OF_${one.name.replaceAll("-", "_")}`, one.temporaryFolder()]),
          ),
        },
      };
    },
    async run(command: string, ...args: string[]) {
      const { code, output } = await runProgram(command, args);
      if (code !== 0) throw new Error(output);
    },
  };
}

export type Stage = Awaited<ReturnType<typeof startStage>>;
