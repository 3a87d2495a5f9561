import assert from "node:assert/strict";
import { before, test } from "node:test";
import { eventually } from "../../shared/eventually.ts";
import { ask } from "../../shared/requests/http.ts";
import { type FaultyHaven, startFaultyHaven } from "../../support/faulty-haven.ts";
import { startHaven } from "../../support/haven.ts";

let haven: FaultyHaven;
before(async () => {
  haven = await startFaultyHaven();
});

const get = (path: string, headers: Record<string, string> = {}) => ask(haven.url + path, { headers });

const live = ["/alive", "/live", "/livez", "/health/live"];
const ready = ["/ready", "/readyz", "/health/ready", "/health"];
const startup = ["/startup", "/startupz", "/health/startup"];

for (const path of [...live, ...ready, ...startup]) {
  test(`${path} answers GET and HEAD with any query and a trailing slash, and 405 to other methods`, async () => {
    const plain = await get(path);
    assert.equal(plain.status, 200);
    assert.equal(plain.headers["cache-control"], "no-store");
    assert.match(String(plain.headers["content-type"]), /^application\/json/);
    assert.equal(plain.headers.etag, undefined);
    assert.equal(plain.headers["set-cookie"], undefined);

    const head = await ask(haven.url + path, { method: "HEAD" });
    assert.deepEqual(
      [head.status, head.text, head.headers["content-length"]],
      [200, "", plain.headers["content-length"]],
    );
    for (const variant of [`${path}/`, `${path}?a=b`, `${path}/?a=b&c`, `${path}?`])
      assert.equal((await get(variant)).status, 200, variant);

    for (const method of ["POST", "PUT", "DELETE", "PATCH", "OPTIONS"]) {
      const refused = await ask(haven.url + path, { method });
      assert.deepEqual([refused.status, refused.headers.allow], [405, "GET, HEAD"], method);
    }
  });
}

test("a probe is never a 304, and never compressed", async () => {
  const { headers, status } = await get("/ready", {
    "if-none-match": "*",
    "if-modified-since": new Date().toUTCString(),
    "accept-encoding": "gzip, br",
  });
  assert.deepEqual([status, headers["content-encoding"]], [200, undefined]);
});

test("live reports the instance and its uptime", async () => {
  assert.partialDeepStrictEqual((await get("/alive")).json(), { status: "alive", instance: "test-instance" });
  const { uptimeSeconds, version } = (await get("/alive")).json() as { uptimeSeconds: number; version: string };
  assert.ok(Number.isInteger(uptimeSeconds) && uptimeSeconds >= 0);
  assert.match(version, /^\d+\.\d+\.\d+$/);
});

test("ready reports for each check its status and whether it is critical, and no reason", async () => {
  const body = (await get("/ready")).json() as { checks: Record<string, unknown>; timestamp: string };
  assert.partialDeepStrictEqual(body, {
    status: "ready",
    ready: true,
    service: "haven-api",
    instance: "test-instance",
  });
  assert.deepEqual(body.checks["postgres"], { status: "up", critical: true });
  assert.deepEqual(body.checks["redis"], { status: "up", critical: false });
  assert.ok(Math.abs(Date.now() - Date.parse(body.timestamp)) < 5000);
});

test("/ready?verbose answers with one line of text for each check", async () => {
  const { text, headers, status } = await get("/ready?verbose");
  assert.equal(status, 200);
  assert.match(String(headers["content-type"]), /^text\/plain/);
  assert.match(text, /^\[\+\] postgres up \(critical\)$/m);
  assert.match(text, /^\[\+\] redis up$/m);
  assert.match(text, /^status: ready$/m);
});

test("/ready/NAME reports one check; an unknown check is 404", async () => {
  assert.partialDeepStrictEqual((await get("/ready/postgres")).json(), {
    name: "postgres",
    status: "up",
    critical: true,
  });
  assert.equal((await get("/ready/postgres/?x=1")).status, 200);
  assert.equal((await get("/ready/postgres%3Awrite")).status, (await get("/ready/postgres:write")).status);
  assert.equal((await get("/ready/mysql")).status, 404);
  assert.equal((await get("/ready/__proto__")).status, 404);
});

test("?exclude leaves a check out of the verdict, and an unknown name is answered with a warning", async () => {
  await haven.postgres.set("refuse");
  await haven.until("postgres", "down", 3000);
  assert.equal((await haven.ready()).status, 503);
  assert.equal((await get("/ready/postgres")).status, 503);

  const without = await get("/ready?exclude=postgres&exclude=nonsense&exclude=schema");
  assert.equal(without.status, 200);
  assert.partialDeepStrictEqual(without.json(), { ready: true, excluded: ["postgres", "schema"] });
  assert.match(without.text, /nonsense/);
  const verbose = await get("/ready?verbose&exclude=postgres&exclude=<b>");
  assert.match(verbose.text, /^\[ \] postgres excluded$/m);
  assert.match(verbose.text, /^warning: unknown check "<b>"$/m);
  assert.equal((await get("/ready?exclude=redis")).status, 503);

  await haven.postgres.set("pass");
  await haven.until("postgres", "up", 3000);
});

test("READY_REQUIRES lists the checks that take the instance out of rotation", async () => {
  const strict = await startFaultyHaven({ env: { READY_REQUIRES: "postgres,redis" } });
  await strict.redis.set("refuse");
  await eventually(strict.ready, ({ status }) => status === 503);
  assert.partialDeepStrictEqual((await strict.ready()).json(), {
    status: "not_ready",
    checks: { redis: { critical: true } },
  });
  await strict.redis.set("pass");
});

test("HEALTH_PATHS adds probe paths and changes the probe of a default path", async () => {
  const other = await startHaven({ env: { HEALTH_PATHS: "/health=live,/healthz=ready,/up=startup" } });
  assert.partialDeepStrictEqual((await ask(`${other.url}/health`)).json(), { status: "alive" });
  assert.partialDeepStrictEqual((await ask(`${other.url}/healthz`)).json(), { ready: true });
  assert.partialDeepStrictEqual((await ask(`${other.url}/up/`)).json(), { status: "started" });
});

test("the history contains the start, the loss of a dependency and the drain in order, with reasons", async () => {
  const one = await startFaultyHaven({ env: { DRAIN_DELAY_MS: "600", OPS_TOKEN: "", SHUTDOWN_TIMEOUT_MS: "2000" } });
  await one.postgres.set("refuse");
  await one.until("postgres", "down", 3000);
  await one.postgres.set("pass");
  await one.until("postgres", "up", 3000);
  const stopping = one.stop();
  const drained = await eventually(one.ready, ({ status }) => status === 503, 100, 5);
  assert.partialDeepStrictEqual(drained.json(), { status: "draining", ready: false });
  assert.equal((await ask(`${one.url}/alive`)).status, 200);
  const { history, phase, status } = (await ask(`${one.url}/health/detailed`)).json() as {
    history: { kind: string; name: string; to: string; reason: string | null }[];
    phase: string;
    status: string;
  };
  assert.deepEqual([phase, status], ["draining", "unhealthy"]);
  const entries = history.map(({ kind, name, to }) => `${kind} ${name} ${to}`);
  const order = [
    "phase lifecycle ready",
    "check postgres down",
    "verdict ready not_ready",
    "check postgres up",
    "phase lifecycle draining",
  ];
  const places = order.map((entry) =>
    entries.indexOf(entry, entry === "check postgres up" ? entries.indexOf("check postgres down") : 0),
  );
  assert.ok(
    places.every((place, index) => place > (places[index - 1] ?? -1)),
    JSON.stringify({ entries, places }),
  );
  assert.notEqual(history.find(({ to, kind }) => kind === "check" && to === "down")?.reason, null);
  await stopping;
});
