import { ask } from "../../../shared/requests/http.ts";
import { bearer, register } from "../../../shared/requests/people.ts";
import { askRedis } from "../../../shared/servers/stores/redis-servers.ts";
import { startTlsRedis } from "../../../shared/servers/stores/tls-redis.ts";
import type { Case } from "../case.ts";
import { get, longTimeouts, sendEndlessly } from "../load.ts";
import type { Stage } from "../stage.ts";

const secondInstance = "api-server-2";

const refusePostgresOnOne = async (stage: Stage) => {
  await stage.instance(secondInstance).database.set("refuse");
  return () => stage.instance(secondInstance).database.set("pass");
};

const restartWithCertificate =
  (days: number): Case["inject"] =>
  async (stage) => {
    const redis = await startTlsRedis({ days });
    await stage.instance(secondInstance).restart(redis.env);
    return async () => {
      await stage.instance(secondInstance).restart();
      await redis.server.stop();
    };
  };

/** Alerts about Postgres, Redis and the connections to them. */
export const storeCases: readonly Case[] = [
  {
    alert: "PostgresDown",
    fault: "Postgres has stopped",
    async inject({ postgres, states }) {
      await postgres.stop();
      states.set("postgres", () => "exited (0)");
      return async () => {
        await postgres.start();
        states.set("postgres", () => "running");
      };
    },
    steps: [
      {
        section: "PostgresDown",
        output: /connection to server .* failed|Connection refused/,
        finding: "`sql` fails",
      },
    ],
  },
  {
    alert: "RedisDown",
    fault: "Redis does not answer",
    async inject({ redis }) {
      redis.freeze();
      return () => redis.thaw();
    },
    steps: [{ section: "RedisDown", output: /^redis: down, reason timeout/, finding: "No `PONG`" }],
  },
  {
    alert: "PostgresReadOnly",
    fault: "`default_transaction_read_only` is on",
    async inject({ sql, postgres }) {
      await sql("alter system set default_transaction_read_only = on");
      postgres.reload();
      return async () => {
        await sql("alter system reset default_transaction_read_only");
        postgres.reload();
      };
    },
    steps: [{ section: "PostgresReadOnly", output: /in recovery: f, read-only: on/, finding: "not in recovery" }],
  },
  {
    alert: "PostgresCommitsStalled",
    fault: "the synchronous standby is missing",
    async inject({ sql, postgres }) {
      await sql("alter system set synchronous_standby_names = 'standby_1'");
      await sql("alter system set synchronous_commit = on");
      postgres.reload();
      return async () => {
        await sql("alter system reset synchronous_standby_names");
        await sql("alter system reset synchronous_commit");
        postgres.reload();
      };
    },
    steps: [
      { section: "PostgresCommitsStalled", output: /wait for SyncRep/, finding: "the synchronous standby is missing" },
    ],
  },
  {
    alert: "RedisRefusesWrites",
    fault: "`min-replicas-to-write` is 1, and there is no replica",
    async inject({ redis }) {
      await askRedis(redis.port, "config", "set", "min-replicas-to-write", 1);
      return () => askRedis(redis.port, "config", "set", "min-replicas-to-write", 0);
    },
    steps: [{ section: "RedisRefusesWrites", output: /"no_replicas"/, finding: "`no_replicas`" }],
  },
  {
    alert: "CircuitBreakerOpened",
    fault: "the network from one instance to Postgres fails for a moment",
    async inject(stage) {
      const repair = await refusePostgresOnOne(stage);
      const stop = sendEndlessly(() => get(`${stage.instance(secondInstance).url}/test/sql/1`), { pauseMs: 50 });
      await new Promise((resolve) => setTimeout(resolve, 4000));
      await stop();
      await repair();
      return () => undefined;
    },
    steps: [{ section: "CircuitBreakerOpened", output: /postgres closed -> open/, finding: "a short network failure" }],
  },
  {
    alert: "CircuitBreakerStaysOpen",
    fault: "one instance does not reach Redis",
    async inject(stage) {
      const { redis, url } = stage.instance(secondInstance);
      await redis.set("refuse");
      const stop = sendEndlessly(() => get(`${url}/test/redis`), { pauseMs: 50 });
      return async () => {
        await stop();
        await redis.set("pass");
      };
    },
    steps: [
      {
        section: "CircuitBreakerStaysOpen",
        output: /^redis: down, reason refused/,
        finding: "the network path from this machine",
      },
    ],
  },
  {
    alert: "DependencySlow",
    fault: "the network from one instance to Postgres delays responses by 600 ms",
    env: longTimeouts,
    async inject(stage) {
      const { url, database } = stage.instance(secondInstance);
      await database.set({ delayMs: 600 });
      const stop = sendEndlessly(() => get(`${url}/test/sql/1`), { pauseMs: 50 });
      return async () => {
        await stop();
        await database.set("pass");
      };
    },
    steps: [
      {
        section: "DependencySlow",
        output: /check postgres: (?:[6-9]\d\d|\d{4})/,
        finding: "the time passes on the network",
      },
    ],
  },
  {
    alert: "DatabasePoolExhausted",
    fault: "more slow statements than connections",
    async inject(stage) {
      const { url } = stage.instance(secondInstance);
      return sendEndlessly(() => get(`${url}/test/sql/1500`), { clients: 25 });
    },
    steps: [{ section: "DatabasePoolExhausted", output: /active connections: \d+/, finding: "statements are slow" }],
  },
  {
    alert: "DatabasePoolNearlyFull",
    fault: "the statements of one instance have become slow",
    async inject(stage) {
      const { url } = stage.instance(secondInstance);
      return sendEndlessly(() => get(`${url}/test/sql/1500`), { clients: 25 });
    },
    steps: [
      {
        section: "DatabasePoolNearlyFull",
        output: /"api-server-2","name":"postgres"\},"[1-9]/,
        finding: "calls are slower",
      },
      { section: "DependencySlow", output: /pg_sleep/, finding: "The same statement" },
    ],
  },
  {
    alert: "CertificateExpiresSoon",
    fault: "the certificate of Redis expires in 10 days",
    inject: restartWithCertificate(10),
    steps: [{ section: "CertificateExpiresSoon", output: /"api-server-2".*"redis"/, finding: "The store is your own" }],
  },
  {
    alert: "CertificateExpiresWithinDays",
    fault: "the certificate of Redis expires in 3 days",
    inject: restartWithCertificate(3),
    steps: [
      {
        section: "CertificateExpiresWithinDays",
        output: /"api-server-2".*"redis"/,
        finding: "as for CertificateExpiresSoon",
      },
    ],
  },
  {
    alert: "HealthCheckFailing",
    fault: "a session holds a lock on the table `properties`, and users read it",
    withinMs: 60_000,
    async inject({ sql, instance }) {
      const { url } = instance(secondInstance);
      const headers = bearer(await register(url));
      const lockSession = sql("begin; lock table properties in access exclusive mode; select pg_sleep(100)").catch(
        () => undefined,
      );
      // The requests have to fail: the server checks the lock of a table only after a failed request.
      const stop = sendEndlessly(() => ask(`${url}/api/v1/properties`, { headers }), { pauseMs: 100 });
      return async () => {
        await sql(
          "select pg_terminate_backend(pid) from pg_locks where mode = 'AccessExclusiveLock' and granted and pid <> pg_backend_pid()",
        );
        await lockSession;
        await stop();
      };
    },
    steps: [
      {
        section: "HealthCheckFailing",
        output: /properties +\| AccessExclusiveLock/,
        finding: "the session that holds the lock",
      },
    ],
  },
  {
    alert: "HealthCheckSlow",
    fault: "Redis repeatedly needs seconds for one command",
    env: longTimeouts,
    withinMs: 60_000,
    async inject({ redis }) {
      return sendEndlessly(() => askRedis(redis.port, "debug", "sleep", "4").catch(() => undefined), {
        clients: 1,
        pauseMs: 500,
      });
    },
    steps: [
      { section: "HealthCheckSlow", output: /^Redis: \d+ ms for debug sleep/i, finding: "the slow commands of Redis" },
    ],
  },
  {
    alert: "SchemaOutOfDate",
    fault: "the last migration was not applied",
    async inject(stage) {
      await stage.sql("create table alert_drill_saved as select * from schema_migrations where name like '0013%'");
      await stage.sql("delete from schema_migrations where name like '0013%'");
      return async () => {
        await stage.sql("insert into schema_migrations select * from alert_drill_saved");
        await stage.sql("drop table alert_drill_saved");
      };
    },
    steps: [{ section: "SchemaOutOfDate", output: /0013/, finding: "was not applied" }],
  },
];
