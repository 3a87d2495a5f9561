import assert from "node:assert/strict";
import { test } from "node:test";
import { banner } from "../src/banner.ts";
import { readConfig } from "../src/config/read-config.ts";

const login = { email: "demo@haven.example", password: "demo-password" };
const databaseUrl = "postgres://embedded";
const redisUrl = "redis://embedded";

function bannerWith(engines: { databaseUrl?: string; redisUrl?: string; shared?: boolean } | undefined): string {
  const running = engines && { jwtSecret: "s", shared: false, stop: async () => undefined, ...engines };
  return banner(readConfig({}), { port: 4000, managementPort: undefined, engines: running }, login);
}

test("the banner lists embedded and external services", () => {
  assert.match(bannerWith({ databaseUrl, redisUrl }), /embedded Postgres and Valkey, with Postgres data in .haven/);
  assert.match(bannerWith({ databaseUrl }), /embedded Postgres and your own Redis, with Postgres data in .haven/);
  assert.match(bannerWith({ redisUrl }), /embedded Valkey and your own Postgres\n/);
  assert.match(bannerWith(undefined), /with your own Postgres and Redis/);
  assert.match(
    bannerWith({ databaseUrl, redisUrl, shared: true }),
    /shared with the process that started it in this folder/,
  );
});

test("the banner shows the demo login if the demo account exists", () => {
  assert.match(bannerWith({ databaseUrl }), /demo-password/);
  assert.doesNotMatch(bannerWith({ redisUrl }), /demo-password/);
});

test("if Postgres does not answer, the banner states this before the commands to try", () => {
  const running = { port: 4000, managementPort: undefined, engines: undefined };
  const text = banner(
    readConfig({}),
    running,
    undefined,
    "Postgres does not answer. Check DATABASE_URL. (ECONNREFUSED)",
  );
  assert.match(text, /Not ready: Postgres does not answer. Check DATABASE_URL. \(ECONNREFUSED\)\n[\s\S]*Try:/);
});
