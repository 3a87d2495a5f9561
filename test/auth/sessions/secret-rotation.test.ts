import assert from "node:assert/strict";
import { before, test } from "node:test";
import { ask } from "../../shared/requests/http.ts";
import { bearer, login, me, refresh, register, type SignedIn } from "../../shared/requests/people.ts";
import { freshDatabase } from "../../shared/servers/stores/database.ts";
import { freshRedis } from "../../shared/servers/stores/redis.ts";
import { type Haven, startHaven } from "../../support/haven.ts";

const secrets = ["first", "second", "third"].map((name) => `${name}-${"0f1e2d3c4b5a69788796a5b4c3d2e1f0"}`);
const [first = "", second = "", third = ""] = secrets;
let start: (env: Record<string, string>) => Promise<Haven>;
before(async () => {
  const shared = { AUTH_RATE_LIMIT: "0", DATABASE_URL: await freshDatabase(), REDIS_URL: await freshRedis() };
  start = (env) => startHaven({ env: { ...shared, ...env } });
});

test("after two rotations the tokens, cookies and cursors of all three secrets are valid", async () => {
  const generations = [
    { JWT_SECRET: first },
    { JWT_SECRET: second, JWT_SECRET_PREVIOUS: first },
    { JWT_SECRET: third, JWT_SECRET_PREVIOUS: `${second}, ${first}` },
  ];
  const issued = [];
  let last: Haven | undefined;
  let account: SignedIn | undefined;
  for (const env of generations) {
    last = await start(env);
    account ??= await register(last.url);
    const session = await login(last.url, account);
    await login(last.url, account);
    const page = await ask(`${last.url}/api/v1/auth/sessions?limit=1`, { headers: bearer(session) });
    issued.push({ session, cursor: (page.json() as { nextCursor: string }).nextCursor });
  }
  const url = last?.url ?? "";
  for (const { session, cursor } of issued) {
    assert.equal((await me(url, session)).status, 200);
    assert.equal((await ask(`${url}/api/v1/auth/me`, { headers: { cookie: session.cookie } })).status, 200);
    const page = await ask(`${url}/api/v1/auth/sessions?limit=1&cursor=${cursor}`, { headers: bearer(session) });
    assert.equal(page.status, 200, page.text);
    const refreshed = await refresh(url, session.refreshToken);
    assert.equal(refreshed.status, 200, refreshed.text);
    assert.equal((await me(url, refreshed.json() as SignedIn)).status, 200);
  }
});

test("tokens of a secret that the settings no longer list are refused", async () => {
  const old = await start({ JWT_SECRET: first });
  const person = await register(old.url);
  const current = await start({ JWT_SECRET: third, JWT_SECRET_PREVIOUS: second });
  assert.equal((await me(current.url, person)).status, 401);
  assert.equal((await refresh(current.url, person.refreshToken)).status, 401);
});

test("in each step of a rotation, the instances before and after the step accept each other's tokens", async () => {
  const steps = [
    [{ JWT_SECRET: first }, { JWT_SECRET: first, JWT_SECRET_PREVIOUS: second }],
    [
      { JWT_SECRET: first, JWT_SECRET_PREVIOUS: second },
      { JWT_SECRET: second, JWT_SECRET_PREVIOUS: first },
    ],
  ] as const;
  for (const [before, after] of steps) {
    const [old, next] = [await start(before), await start(after)];
    for (const [issuer, other] of [
      [old, next],
      [next, old],
    ] as const) {
      const person = await register(issuer.url);
      assert.equal((await me(other.url, person)).status, 200);
      const cookie = { headers: { cookie: person.cookie } };
      assert.equal((await ask(`${other.url}/api/v1/auth/me`, cookie)).status, 200);
      assert.equal((await refresh(other.url, person.refreshToken)).status, 200);
    }
  }
});
