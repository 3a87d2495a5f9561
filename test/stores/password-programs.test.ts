import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { readyStatus, reportOf } from "../half-alive/support/observe.ts";
import { atEnd } from "../shared/at-end.ts";
import { eventually } from "../shared/eventually.ts";
import { without } from "../shared/programs.ts";
import { register, sameSecret } from "../shared/requests/people.ts";
import { appRole, asAppRole, freshDatabase } from "../shared/servers/stores/database.ts";
import { askRedis, startRedisServer } from "../shared/servers/stores/redis-servers.ts";
import { startHaven } from "../support/haven.ts";

test("while the password commands hang, both checks report the cause, and the server becomes ready when the commands print the password", {
  skip: without("redis-server"),
}, async () => {
  const folder = mkdtempSync(join(tmpdir(), "haven-programs-"));
  atEnd(() => rmSync(folder, { recursive: true }));
  const token = join(folder, "token");
  const redis = await startRedisServer();
  await askRedis(redis.port, "acl", "setuser", "haven", "on", `>${appRole.password}`, "~*", "&*", "+@all");
  const url = new URL(asAppRole(await freshDatabase()));
  url.password = "";
  const program = `sh -c 'if [ -e ${token} ]; then cat ${token}; else sleep 60; fi'`;
  const haven = await startHaven({
    env: {
      ...sameSecret,
      DATABASE_URL: url.href,
      DATABASE_PASSWORD_COMMAND: program,
      REDIS_URL: `redis://127.0.0.1:${redis.port}`,
      REDIS_USERNAME: "haven",
      REDIS_PASSWORD_COMMAND: program,
      PASSWORD_COMMAND_TIMEOUT_MS: "3000",
      HEALTH_CHECK_INTERVAL: "500",
      HEALTH_CHECK_TIMEOUT: "500",
    },
    waitUntil: "listening",
  });
  for (const store of ["postgres", "redis"]) {
    const check = await eventually(
      async () => (await reportOf(haven)).checks[store],
      (state) => state?.status === "down",
      20_000,
    );
    assert.equal(check?.reason, "credentials", store);
  }
  const lines = (store: string) =>
    haven.logs.filter(({ msg }) => msg === `connection to ${store} failed`).map(({ detail }) => String(detail));
  for (const [store, setting] of [
    ["postgres", "DATABASE_PASSWORD_COMMAND"],
    ["redis", "REDIS_PASSWORD_COMMAND"],
  ] as const) {
    await eventually(
      () => lines(store),
      ([line]) => line?.includes(setting) === true,
      20_000,
    );
    assert.deepEqual(lines(store).slice(1), [], "another cause was logged");
  }

  writeFileSync(token, appRole.password);
  await eventually(
    () => readyStatus(haven),
    (status) => status === "ready",
    30_000,
  );
  await register(haven.url);
});
