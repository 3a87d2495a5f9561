import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { diagnoseTexts, rulesIn } from "../support/diagnose.ts";

const ini = (databases: string, settings: string) =>
  `;; a comment\n[databases]\n${databases}\n\n[pgbouncer]\n${settings}\n`;
const appDatabase = "app = host=db port=5432 dbname=app";
const compose = (environment: string, command = "postgres -c max_connections=100", replicas = 1) => `services:
  api:
    image: api:1.0
    restart: always
    expose: ["4000"]
    stop_grace_period: 45s
    environment: ${environment}
    deploy: { replicas: ${replicas} }
  db:
    image: postgres:17.6
    command: ${command}
`;
const haven = '{ DRAIN_DELAY_MS: "8000", DB_POOL_MAX: "10", DB_POOLER: transaction }';

suite("pgbouncer.ini in the connection budget", () => {
  test("the pool of the application counts against max_client_conn, not against Postgres", () => {
    const manyReplicas = compose(haven, "postgres -c max_connections=50", 12);
    assert.ok(rulesIn(diagnoseTexts({ compose: manyReplicas })).includes("connections-more-than-database"));
    const pooled = {
      compose: manyReplicas,
      pgbouncer: ini(appDatabase, "pool_mode = transaction\nmax_client_conn = 1000"),
    };
    assert.deepEqual(rulesIn(diagnoseTexts(pooled)), []);
    const tooFewClients = { ...pooled, pgbouncer: ini(appDatabase, "pool_mode = transaction\nmax_client_conn = 100") };
    assert.deepEqual(rulesIn(diagnoseTexts(tooFewClients)), ["connections-more-than-pooler"]);
  });

  test("the pools of all databases of a host are added up, each of them limited by max_db_connections", () => {
    const threeDatabases = "app = host=db\njobs = host=db\nold = host=other";
    const rules = (settings: string) =>
      rulesIn(
        diagnoseTexts({
          compose: compose(haven),
          pgbouncer: ini(threeDatabases, `max_client_conn = 500\n${settings}`),
        }),
      );
    assert.deepEqual(rules("default_pool_size = 48"), []);
    assert.deepEqual(rules("default_pool_size = 49"), ["connections-pooler-more-than-database"]);
    assert.deepEqual(rules("default_pool_size = 49\nmax_db_connections = 40"), []);
  });

  test("if no file defines a Postgres, its default limit is assumed, with medium confidence", () => {
    const [found] = diagnoseTexts({ pgbouncer: ini(appDatabase, "default_pool_size = 200") }).findings;
    assert.deepEqual(
      [found?.rule, found?.severity, found?.confidence],
      ["connections-pooler-more-than-database", "warning", "medium"],
    );
  });

  test("in transaction mode, a missing DB_POOLER is reported for Haven, and not for another application", () => {
    const pgbouncer = ini(appDatabase, "pool_mode = transaction");
    const without = compose(haven.replace(", DB_POOLER: transaction", ""));
    assert.deepEqual(rulesIn(diagnoseTexts({ compose: without, pgbouncer })), ["trap-pooler-transaction-mode"]);
    assert.deepEqual(rulesIn(diagnoseTexts({ compose: compose(haven), pgbouncer })), []);
    const other = compose('{ DATABASE_URL: "postgres://pgbouncer/app" }');
    assert.deepEqual(rulesIn(diagnoseTexts({ compose: other, pgbouncer }, {}, "unknown")), []);
  });

  test("a number that is not understood, and an include, are reported", () => {
    const { notUnderstood } = diagnoseTexts({
      pgbouncer: ini(appDatabase, "max_client_conn = many\n%include other.ini"),
    });
    assert.deepEqual(
      notUnderstood.map(({ text, line }) => [line, text.split(":")[0]]),
      [
        [6, "max_client_conn many"],
        [7, "%include"],
      ].reverse(),
    );
    assert.match(
      diagnoseTexts({ pgbouncer: "listen_port = 6432\n" }).unreadable[0]?.text ?? "",
      /is not a pgbouncer\.ini/,
    );
  });
});
