import assert from "node:assert/strict";
import { before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { eventually } from "../../shared/eventually.ts";
import { ask, postJson } from "../../shared/requests/http.ts";
import { bearer, login, me, refresh, register, type SignedIn, sameSecret } from "../../shared/requests/people.ts";
import { runProgram } from "../../shared/run-program.ts";
import { query } from "../../shared/servers/stores/database.ts";
import { startFaultyHaven } from "../../support/faulty-haven.ts";
import type { Haven } from "../../support/haven.ts";
import { startPair } from "../../support/two-instances.ts";

let one: Haven;
let two: Haven;
let services: { DATABASE_URL: string; REDIS_URL: string };
before(async () => {
  [one, two] = await startPair();
  const { databaseUrl, redis } = one.running.parts.addresses;
  if (redis.kind !== "url") throw new Error("the test needs a single Redis with a URL");
  services = { DATABASE_URL: databaseUrl, REDIS_URL: redis.url };
});

const main = fileURLToPath(new URL("../../../src/main.ts", import.meta.url));

const run = (args: readonly string[], env: Record<string, string>) =>
  runProgram(process.execPath, [main, ...args], { env: { PATH: process.env["PATH"], ...env } });

/** Uses a session in every way, on both instances, and returns the statuses. */
async function useEverywhere(session: SignedIn): Promise<number[]> {
  const { email, password } = session;
  const statuses: number[] = [];
  for (const { url } of [one, two]) {
    statuses.push((await me(url, session)).status);
    statuses.push((await ask(`${url}/api/v1/auth/me`, { headers: { cookie: session.cookie } })).status);
    statuses.push((await ask(`${url}/api/v1/properties`, { headers: bearer(session) })).status);
    statuses.push((await ask(`${url}/api/v1/properties`, { headers: { cookie: session.cookie } })).status);
    statuses.push((await refresh(url, session.refreshToken)).status);
    statuses.push((await postJson(`${url}/api/v1/auth/login`, { email, password })).status);
  }
  return statuses;
}

const allRefused = (statuses: readonly number[]) => statuses.every((status) => status === 401);

test("haven deactivate revokes every session on every instance at once", async () => {
  const person = await register(one.url);
  const phone = await login(two.url, person);
  const other = await register(one.url);
  const result = await run(["deactivate", ` ${person.email.toUpperCase()}`], services);
  assert.deepEqual(result, { code: 0, output: "The account is deactivated, and its sessions are revoked.\n" });
  for (const session of [person, phone])
    assert.ok(allRefused(await useEverywhere(session)), String(await useEverywhere(session)));
  assert.equal((await me(two.url, other)).status, 200, "another account is not affected");
});

test("haven deactivate works without Redis, because running instances revoke the sessions", async () => {
  const person = await register(one.url);
  const { DATABASE_URL } = services;
  for (const env of [{ DATABASE_URL }, { DATABASE_URL, REDIS_URL: "redis://127.0.0.1:1" }]) {
    const session = await login(one.url, person);
    const { code, output } = await run(["deactivate", person.email], env);
    assert.deepEqual(
      [code, /^The account is deactivated\. .* within two seconds\.\n$/.test(output)],
      [0, true],
      output,
    );
    await eventually(
      () => ask(`${two.url}/api/v1/properties`, { headers: { cookie: session.cookie } }),
      ({ status }) => status === 401,
    );
    assert.ok(allRefused(await useEverywhere(session)));
    assert.equal((await run(["activate", person.email], env)).code, 0);
  }
});

test("deactivating an account with SQL ends its sessions on every instance", async () => {
  const person = await register(one.url);
  const phone = await login(two.url, person);
  await query(services.DATABASE_URL, "UPDATE users SET active = false WHERE id = $1", [person.userId]);
  await eventually(() => useEverywhere(phone), allRefused, 10_000);
  assert.ok(allRefused(await useEverywhere(person)));
});

test("deactivating and activating an account with SQL at once ends its earlier sessions", async () => {
  const person = await register(one.url);
  for (const active of [false, true])
    await query(services.DATABASE_URL, `UPDATE users SET active = ${active} WHERE id = $1`, [person.userId]);
  const useSessionEverywhere = async () => (await useEverywhere(person)).filter((_, index) => index % 6 !== 5);
  await eventually(useSessionEverywhere, allRefused, 10_000);
  assert.equal((await me(two.url, await login(two.url, person))).status, 200);
});

test("an account that is activated again can sign in, and its earlier sessions stay revoked", async () => {
  const person = await register(one.url);
  await run(["deactivate", person.email], services);
  const result = await run(["activate", person.email], services);
  assert.equal(result.code, 0, result.output);
  assert.match(result.output, /^The account is active/);
  const again = await login(two.url, person);
  assert.equal((await me(one.url, again)).status, 200);
  assert.equal((await me(one.url, person)).status, 401);
  assert.equal((await refresh(one.url, person.refreshToken)).status, 401);
});

test("a deactivation during an outage of Redis revokes the sessions at once, and they stay revoked after the outage even if the account was activated again", async () => {
  const haven = await startFaultyHaven({ env: { ...sameSecret, REDIS_COMMAND_TIMEOUT_MS: "2000" } });
  const person = await register(haven.url);
  await haven.redis.set("refuse");
  assert.equal((await me(haven.url, person)).status, 200);
  assert.equal((await run(["deactivate", person.email], { DATABASE_URL: haven.databaseUrl })).code, 0);
  assert.equal((await me(haven.url, person)).status, 401);
  assert.equal((await run(["activate", person.email], { DATABASE_URL: haven.databaseUrl })).code, 0);
  assert.equal((await me(haven.url, person)).status, 401);
  await haven.redis.set("pass");
  await haven.until("redis", "up", 4000);
  const meWithCookie = () => ask(`${haven.url}/api/v1/auth/me`, { headers: { cookie: person.cookie } });
  await eventually(meWithCookie, ({ status }) => status === 401);
  assert.equal((await me(haven.url, person)).status, 401);
});

test("the account commands report an unknown address and wrong arguments", async () => {
  const { DATABASE_URL } = services;
  for (const command of ["deactivate", "activate"]) {
    const unknown = await run([command, "unknown@example.org"], { DATABASE_URL });
    assert.deepEqual(unknown, { code: 1, output: "No account with this email address.\n" });
    for (const args of [[command], [command, "a@example.org", "b@example.org"]]) {
      const { code, output } = await run(args, { DATABASE_URL });
      assert.deepEqual([code, output.includes("\nUsage: ")], [64, true], output);
      assert.match(output, new RegExp(`^  ${command} EMAIL$`, "m"));
    }
    // Without EMBEDDED_DATA_DIR the command would use the database of a development server on this machine.
    assert.equal((await run([command, "a@example.org"], { EMBEDDED_DATA_DIR: "/nonexistent/haven" })).code, 78);
  }
});
