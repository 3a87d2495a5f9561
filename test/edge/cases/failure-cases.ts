import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { maxImageBytes, maxUploadBytes } from "../../../src/config/upload-limits.ts";
import { drainDefaults } from "../../../src/config/variables/server-variables.ts";
import { atEnd } from "../../shared/at-end.ts";
import { eventually } from "../../shared/eventually.ts";
import { anyResource } from "../../shared/requests/any-resource.ts";
import { ask } from "../../shared/requests/http.ts";
import { bearer, newPerson, type SignedIn, signedIn } from "../../shared/requests/people.ts";
import { freshAddress, send, sendJson } from "../../shared/requests/proxy-client.ts";
import { allReady, type Fleet, hostOf, type Name, names } from "../../shared/servers/fleet.ts";
import { shortDrain } from "../../shared/servers/haproxy-detection.ts";
import { type RunningProxy, serverStates } from "../../shared/servers/proxies.ts";
import { failuresOf, type Load, type SentRequest, startLoad, summary } from "../support/edge-load.ts";
import { assertProblem } from "../support/problem.ts";
import { waitOfNginxMs } from "../support/proxy-figures.ts";

/** With EDGE_FULL=1 the tests have their full length. By default they are shorter, so that they fit into the suite. */
export const full = process.env["EDGE_FULL"] === "1";

/**
 * In full length, the drain times of production. Otherwise shorter ones, still long enough for the check of HAProxy.
 */
export const drainTimes: Readonly<Record<string, string>> = full
  ? Object.fromEntries(Object.entries(drainDefaults(true)).map(([name, ms]) => [name, String(ms)]))
  : shortDrain;

export type ProxiedFleet = {
  proxy: RunningProxy;
  fleet: Fleet;
  /** The maximum time from the freeze of an instance until it gets no new request, as the configuration file states. */
  frozenBoundMs: number;
  /** How many trial requests the proxy may send to a frozen instance that is out of rotation. Default 0. */
  maxTrialsOfFrozen?: number;
  /** The maximum time from the loss of its database until an instance is out of rotation. Undefined for a proxy without checks. */
  databaseBoundMs?: number;
  /**
   * True for NGINX before 1.27.4. It closes idle connections at a reload, so that a request on such a connection may
   * fail.
   */
  closesIdleAtReload?: boolean;
};

/** Registers tests with real instances on real Postgres and Redis: request headers, and restarts without failed requests. */
export function restartCases(proxied: () => ProxiedFleet): void {
  const report = reporterFor(proxied);

  test("the request id of a client is in the proxy's log, the app's log and the response", async () => {
    const id = "one-request-three-places";
    const answer = await send("/api/v1/nothing-here", { headers: { "X-Request-Id": id } });
    assert.equal(answer.status, 404);
    assert.equal(answer.headers["x-request-id"], id);
    assert.equal(answer.json()["requestId"], id);
    await eventually(
      () => proxied().proxy.log().includes(id) && proxied().fleet.output().includes(`"requestId":"${id}"`),
      Boolean,
    );
  });

  test("the app gets the client's real address, whatever headers the client sends", async () => {
    const from = freshAddress();
    const person = newPerson();
    const forged = { "X-Forwarded-For": "203.0.113.66", Forwarded: "for=203.0.113.66", "X-Real-IP": "203.0.113.66" };
    const user = signedIn(await sendJson("/api/v1/auth/register", person, { from, headers: forged }), person);
    const { text } = await send("/api/v1/auth/sessions", { headers: bearer(user) });
    assert.match(text, new RegExp(`"${from.replaceAll(".", "\\.")}"`));
    assert.doesNotMatch(text, /203\.0\.113/);
  });

  test("a PATCH with an ETag that compression made weak succeeds", async () => {
    const user = await registerHere();
    const headers = { ...bearer(user), "accept-encoding": "gzip" };
    const created = await sendJson(anyResource.path, anyResource.named("x".repeat(200)), { headers: bearer(user) });
    const path = String(created.headers["location"]);
    const etag = String((await send(path, { headers })).headers["etag"]);
    const weak = etag.startsWith("W/") ? etag : `W/${etag}`;
    const change = { method: "PATCH", headers: { ...bearer(user), "if-match": weak } };
    assert.equal((await sendJson(path, anyResource.renamed("changed"), change)).status, 200);
    assert.equal((await sendJson(path, anyResource.renamed("again"), change)).status, 412);
  });

  test("a body that the proxy lets through and that is too large for the app gets its 413 from the app", async () => {
    const answer = await send("/api/v1/auth/login", {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: Buffer.alloc(Math.floor((maxImageBytes + maxUploadBytes) / 2), 32),
    });
    assert.equal(answer.status, 413);
    const id = String(answer.headers["x-request-id"]);
    await eventually(() => proxied().fleet.output().includes(id), Boolean);
  });

  const rounds = full ? 5 : 1;
  const minRequests = full ? 20_000 : 2000;
  for (let round = 1; round <= rounds; round += 1) {
    test(`no request fails during a rolling restart (${round} of ${rounds}, at least ${minRequests} requests)`, async () => {
      const load = startLoad({ users: full ? 90 : 40 });
      await sleep(1000);
      for (const member of proxied().fleet.members) assert.equal((await member.restart()).code, 0);
      await load.reach(minRequests);
      const sent = await load.stop();
      report(`rolling restart ${round}: ${summary(sent)}`);
      assert.deepEqual(failuresOf(sent), []);
      const posts = sent.filter(({ method }) => method === "POST").length;
      assert.ok(Math.abs(posts / sent.length - 0.5) < 0.02, `${posts} POST`);
    });
  }

  test("no request fails while the proxy reloads its configuration", async () => {
    const load = startLoad();
    for (let reload = 0; reload < (full ? 10 : 3); reload += 1) {
      await sleep(800);
      await proxied().proxy.reload();
    }
    await sleep(800);
    const sent = await load.stop();
    const failures = failuresOf(sent);
    report(`reload: ${summary(sent)}`);
    assert.deepEqual(
      failures.filter(({ reused }) => !reused),
      [],
    );
    if (!proxied().closesIdleAtReload) assert.deepEqual(failures, []);
    // The failed requests did not reach an instance, so a client can safely retry them.
    const output = proxied().fleet.output();
    assert.deepEqual(
      failures.filter(({ id }) => output.includes(id)),
      [],
    );
  });

  test("servers that only call server.close() fail requests under the same load", async () => {
    for (const member of proxied().fleet.members) await member.kill();
    const servers = new Map<Name, ChildProcess>();
    for (const name of names) servers.set(name, await startPlain(name));
    const load = startLoad();
    for (let restarts = 0; restarts < 30 && failuresOf(load.sent).length === 0; restarts += 1) {
      const name = names[restarts % 3] ?? "api-server-1";
      servers.get(name)?.kill("SIGTERM");
      await sleep(300);
      servers.set(name, await startPlain(name));
      await sleep(300);
    }
    const sent = await load.stop();
    report(`plain server.close(): ${summary(sent)}`);
    assert.ok(failuresOf(sent).length > 0);
  });
}

/** Registers the tests in which instances are killed, hang, or lose their database. */
export function outageCases(proxied: () => ProxiedFleet): void {
  const report = reporterFor(proxied);

  test("when an instance is killed, no GET fails, and only the POSTs that it was processing fail", async () => {
    const member = proxied().fleet.member("api-server-2");
    const load = startLoad({ post: "/test/busy/60" });
    await sleep(2000);
    const postsInFlight = load.inFlight("POST");
    await member.kill();
    const killedAt = performance.now();
    await sleep(2000);
    const sent = await load.stop();
    const failures = failuresOf(sent);
    report(`SIGKILL: ${summary(sent)}, ${postsInFlight} POST in flight on all three instances`);
    await member.start();
    assert.deepEqual(
      failures.filter(({ method }) => method === "GET"),
      [],
    );
    assert.deepEqual(
      failures.filter(({ startedAt }) => startedAt > killedAt),
      [],
    );
    assert.ok(failures.length <= postsInFlight, `${failures.length} of ${postsInFlight}`);
    await waitUntilRequested(proxied(), "api-server-2");
  });

  test("when an instance is killed, retries with an Idempotency-Key lose no write and store none twice", async () => {
    const user = await registerHere();
    const member = proxied().fleet.member("api-server-3");
    const expectedNames = Array.from({ length: 120 }, (_, index) => `house ${String(index).padStart(3, "0")}`);
    let retries = 0;
    const create = async (name: string, index: number) => {
      await sleep(index * 15);
      const headers = { ...bearer(user), "Idempotency-Key": `key-of-${name.replaceAll(" ", "-")}` };
      for (let attempt = 0; attempt < 10; attempt += 1) {
        const status = await sendJson(anyResource.path, anyResource.named(name), { headers }).then(
          (answer) => answer.status,
          () => 0,
        );
        if (status === 201) return;
        assert.ok([0, 409, 502, 503, 504].includes(status), String(status));
        retries += 1;
        await sleep(200);
      }
      throw new Error(`${name} was never created`);
    };
    const all = Promise.all(expectedNames.map(create));
    await sleep(900);
    await member.kill();
    await all;
    await member.start();
    const found = await allNames(user);
    report(`SIGKILL with idempotency keys: ${expectedNames.length} created, ${retries} retries`);
    assert.deepEqual(found.sort(), expectedNames);
  });

  test("an instance that loses its database leaves the rotation in time, and keeps running", async (t) => {
    const { databaseBoundMs, fleet } = proxied();
    if (databaseBoundMs === undefined) return t.diagnostic("not run: this proxy has no health checks");
    const member = fleet.member("api-server-2");
    await member.database.set("hole");
    const lostAt = performance.now();
    const state = async () => (await serverStates())["api-server-2"]?.status;
    await eventually(state, (status) => status === "DOWN", databaseBoundMs + 2000, 50);
    const removalMs = Math.round(performance.now() - lostAt);
    const alive = await ask(`${member.url}/alive`);
    await member.database.set("pass");
    await eventually(state, (status) => status === "UP", 15_000, 50);
    report(`black-holed database: out after ${removalMs} ms, /alive ${alive.status} in ${Math.round(alive.ms)} ms`);
    assert.equal(alive.status, 200);
    assert.ok(removalMs <= databaseBoundMs, `${removalMs} ms`);
  });

  test("when no instance reaches Postgres, a login gets 503 within 1 s, and succeeds within 3 s after the recovery", async () => {
    const user = await registerHere();
    const login = () => sendJson("/api/v1/auth/login", { email: user.email, password: user.password });
    for (const { database } of proxied().fleet.members) await database.set("refuse");
    await eventually(
      () => Promise.all(proxied().fleet.members.map(({ url }) => ask(`${url}/ready`))),
      (answers) => answers.every(({ status }) => status === 503),
      8000,
      100,
    );
    await sleep(3000);
    for (let count = 0; count < 10; count += 1) {
      const answer = await login();
      assert.equal(answer.status, 503);
      assert.ok(answer.ms < 1000, `${answer.ms} ms`);
      assertProblem(answer, "unavailable");
      assert.match(String(answer.headers["retry-after"]), /^\d+$/);
    }
    for (const { url } of proxied().fleet.members) assert.equal((await ask(`${url}/alive`)).status, 200);
    for (const { database } of proxied().fleet.members) await database.set("pass");
    await allReady(proxied().fleet);
    const readyAt = performance.now();
    await eventually(login, ({ status }) => status === 200, 8000, 50);
    const blackoutMs = Math.round(performance.now() - readyAt);
    report(`all not ready: serves ${blackoutMs} ms after the instances are ready again`);
    assert.ok(blackoutMs < 3000, `${blackoutMs} ms`);
  });

  test("a frozen instance fails only its requests in flight, leaves the rotation in time, and returns without intervention", async () => {
    const { fleet, frozenBoundMs, maxTrialsOfFrozen = 0 } = proxied();
    const member = fleet.member("api-server-1");
    const load = startLoad({ users: 40 });
    await sleep(1500);
    const frozenAt = performance.now();
    member.freeze();
    await sleep(frozenBoundMs + 4000);
    const waitingAtThaw = countInFlight(load);
    member.thaw();
    const thawedAt = performance.now();
    await waitUntilRequested(proxied(), "api-server-1");
    const recoveryMs = Math.round(performance.now() - thawedAt);
    await sleep(1000);
    const sent = await load.stop();
    const failures = failuresOf(sent);
    const slowOrFailed = sent.filter(({ ms, outcome }) => ms > 2000 || outcome !== "ok");
    const startedAfterMs = slowOrFailed.map(({ startedAt }) => Math.round(startedAt - frozenAt)).sort((a, b) => a - b);
    const late = startedAfterMs.filter((ms) => ms > frozenBoundMs);
    report(
      `frozen: ${summary(sent)}; ${slowOrFailed.length} slow or failed, started ${startedAfterMs.join(", ")} ms after the freeze; ` +
        `${waitingAtThaw} still waiting at the thaw; gets requests again ${recoveryMs} ms after the thaw`,
    );
    assert.deepEqual(
      failures.filter(({ method }) => method === "GET"),
      [],
    );
    assert.ok(late.length <= maxTrialsOfFrozen, `${late.join(", ")} ms`);
    // Only requests that waited for the frozen instance may fail.
    assert.deepEqual(
      failures.filter(({ ms }) => ms < waitOfNginxMs() - 1000),
      [],
    );
  });
}

const reporterFor = (proxied: () => ProxiedFleet) => (message: string) =>
  process.stderr.write(`${proxied().proxy.name}: ${message}\n`);

const countInFlight = (load: Load) => load.inFlight("GET") + load.inFlight("POST");

async function registerHere(): Promise<SignedIn> {
  const person = newPerson();
  return signedIn(await sendJson("/api/v1/auth/register", person), person);
}

async function allNames(user: SignedIn): Promise<string[]> {
  const found: string[] = [];
  let cursor: unknown = "";
  do {
    const query = cursor === "" ? "" : `&cursor=${cursor}`;
    const page = (await send(`${anyResource.path}?limit=100${query}`, { headers: bearer(user) })).json();
    for (const item of Array.isArray(page["items"]) ? page["items"] : []) found.push(anyResource.nameOf(item));
    cursor = page["nextCursor"];
  } while (typeof cursor === "string");
  return found;
}

/** Sends requests through the proxy until the instance has logged one of them. */
async function waitUntilRequested({ fleet }: ProxiedFleet, name: Name): Promise<void> {
  const before = fleet.member(name).process().output().length;
  await eventually(
    async () => {
      await Promise.all(Array.from({ length: 6 }, () => send("/test/items/back").catch(() => undefined)));
      return fleet.member(name).process().output().slice(before).includes("/test/items/back");
    },
    Boolean,
    20_000,
    100,
  );
}

async function startPlain(name: Name): Promise<ChildProcess> {
  const script = fileURLToPath(new URL("../support/plain-server.ts", import.meta.url));
  const child = spawn(process.execPath, [script], {
    env: { HOST: hostOf(name) },
    stdio: ["ignore", "pipe", "inherit"],
  });
  atEnd(() => child.kill("SIGKILL"));
  await once(child.stdout, "data");
  return child;
}

export type { SentRequest };
