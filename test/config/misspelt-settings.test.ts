import assert from "node:assert/strict";
import { test } from "node:test";
import { misspeltSettings } from "../../src/config/misspelt-settings.ts";

test("a variable that is close to the name of a setting is reported with that name", () => {
  assert.deepEqual(misspeltSettings({ LOGLEVEL: "debug", DB_POOL_MAXX: "3", JWT_SECRETS_FILE: "/run/secrets/jwt" }), [
    { name: "LOGLEVEL", meant: "LOG_LEVEL" },
    { name: "DB_POOL_MAXX", meant: "DB_POOL_MAX" },
    { name: "JWT_SECRETS_FILE", meant: "JWT_SECRET_FILE" },
  ]);
});

test("a variable with one wrong letter in the short name of a setting is reported as well", () => {
  assert.deepEqual(
    ["PROT", "PORTS", "HOTS", "HOSTT"].map((name) => misspeltSettings({ [name]: "1" })[0]?.meant),
    ["PORT", "PORT", "HOST", "HOST"],
  );
  for (const name of ["PWD", "TERM", "USER", "MAIL", "LANG", "TZ", "GPG_TTY"])
    assert.deepEqual(misspeltSettings({ [name]: "1" }), []);
});

test("settings, and variables of shells, platforms and other programs, are not reported", () => {
  const others = "HOME PATH PWD LOGNAME LANG TERM SHLVL HOSTNAME NODE_OPTIONS PGHOST PGPORT REDIS_PORT REDIS_TLS_URL";
  const platforms =
    "KUBERNETES_PORT REDIS_SERVICE_HOST AWS_REGION S3_PREFIX OTEL_EXPORTER_OTLP_PROTOCOL npm_config_port";
  for (const name of `${others} ${platforms} PORT LOG_LEVEL DATABASE_URL DATABASE_URL_FILE`.split(" "))
    assert.deepEqual(misspeltSettings({ [name]: "1" }), []);
});
