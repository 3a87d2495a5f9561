import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import { test } from "node:test";
import { Registry } from "prom-client";
import { z } from "zod";
import { guardedFetch } from "../../src/kit/fetch/guarded-fetch.ts";
import { type Check, createHealth, type HealthOptions } from "../../src/kit/index.ts";
import { atEnd } from "../shared/at-end.ts";
import { eventually } from "../shared/eventually.ts";
import { ask } from "../shared/requests/http.ts";

/** Passes a value that the types refuse, as a program in JavaScript can. */
const untyped = (value: unknown): never => value as never;

const passing = async () => undefined;

function make(options: Partial<HealthOptions> = {}) {
  const health = createHealth({
    service: "orders",
    intervalMs: 50,
    timeoutMs: 200,
    maxEventLoopDelayMs: 0,
    ...options,
  });
  atEnd(health.stop);
  return health;
}

async function urlOf(server: Server): Promise<string> {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  atEnd(() => server.close());
  return `http://127.0.0.1:${z.object({ port: z.number() }).parse(server.address()).port}`;
}

const wrongOptions: readonly (readonly [options: object, message: RegExp])[] = [
  [{ service: "" }, /service must be a non-empty string, but is an empty string/],
  [{ service: undefined }, /service is required/],
  [{ intervalMs: "5s" }, /intervalMs must be a number of milliseconds of 1 or more, but is a value of the type string/],
  [{ timeoutMs: Number.NaN }, /timeoutMs must be .* but is NaN/],
  [{ intervalMs: Number.POSITIVE_INFINITY }, /intervalMs must be .* but is Infinity/],
  [{ intervall: 5 }, /there is no option "intervall"; the options are service, /],
  [{ closeOn: "success" }, /closeOn must be "signal" or "trial"/],
  [{ policy: "outlier" }, /policy must be a function/],
  [{ maxEventLoopDelayMs: -1 }, /maxEventLoopDelayMs must be .* but is -1/],
  [{ probePaths: ["/healthz"] }, /probePaths must contain objects such as/],
  [{ probePaths: [{ path: "healthz", probe: "ready" }] }, /the path begins with \//],
  [{ metrics: {} }, /metrics must be a registry of prom-client or a sink/],
  [{ operators: true }, /operators must be an object or false/],
  // An empty variable of the environment must not make the endpoints public.
  [{ operators: { token: "" } }, /operators\.token must be a non-empty string, but is an empty string/],
  [{ operators: { managementPort: "9090" } }, /operators\.managementPort must be a port/],
  [{ operators: { routes: new Map([["/admin", {}]]) } }, /operators\.routes must have paths below .* has \/admin/],
  [{ checks: { db: {} } }, /checks must be an array/],
  [{ checks: [{ name: "my db", critical: true, run: passing }] }, /the name of a check must have 1 to 64 letters/],
  [{ checks: [{ name: "db", critical: true }] }, /check "db" has no function run/],
  [{ checks: [{ name: "db", run: passing }] }, /check "db": critical must be true or false/],
  [{ checks: [{ name: "db", capabilities: {} }] }, /at least one capability/],
  [{ checks: [null] }, /a check must be an object/],
];

for (const [options, message] of wrongOptions) {
  test(`createHealth refuses ${JSON.stringify(options)}`, () => {
    assert.throws(() => createHealth(untyped({ service: "orders", ...options })), { name: "TypeError", message });
  });
}

test("one error lists all wrong options, without their values", () => {
  const wrong = { service: "orders", intervalMs: "hunter2", timeoutMs: 0, operators: { token: 5, port: 9090 } };
  assert.throws(
    () => createHealth(untyped(wrong)),
    ({ message }: Error) =>
      ["intervalMs", "timeoutMs", "operators.token", 'no option "operators.port"'].every((one) =>
        message.includes(one),
      ) && !message.includes("hunter2"),
  );
  assert.throws(() => createHealth(untyped(undefined)), /the options must be an object/);
});

test("addCheck, stopOnSignals, breakers.create and guardedFetch refuse wrong arguments", () => {
  const health = make();
  assert.throws(() => health.addCheck(untyped({ name: "db" })), /addCheck: check "db" has no function run/);
  const server = createServer();
  assert.throws(() => health.stopOnSignals(server, untyped({ drain: { delayMs: "8s" } })), /drain: delayMs must be/);
  assert.throws(() => health.stopOnSignals(server, untyped({ drain: { delay: 1 } })), /no option "delay"/);
  const { create } = health.breakers;
  assert.throws(() => create(untyped({ name: "shop" })), /breakers\.create: isFailure is required/);
  assert.throws(
    () => create({ name: "", isFailure: () => true, maxConsecutiveFailures: 0 }),
    /name must be a non-empty string.*maxConsecutiveFailures must be a whole number of 1 or more/,
  );
  assert.throws(() => create(untyped({ name: "shop", isFailure: () => true, retries: 2 })), /no option "retries"/);
  assert.throws(() => guardedFetch({ health, name: "shop", maxAttempts: 0 }), /maxAttempts must be a whole number/);
  assert.throws(
    () => guardedFetch({ health, name: "shop", retryBudget: 10 }),
    /retryBudget must be .* between 0 and 1/,
  );
});

test("a check that throws, never settles or resolves with false is down; any other result counts as up", async () => {
  const outcomes: Readonly<Record<string, () => unknown>> = {
    throws: () => {
      throw new Error("password=hunter2");
    },
    rejects: () => Promise.reject(new Error("rejected")),
    "rejects-nothing": () => Promise.reject(undefined),
    "throws-text": () => {
      throw "a text";
    },
    hangs: () => new Promise(() => undefined),
    false: () => false,
    garbage: () => ({ status: "down" }),
    nothing: () => undefined,
    null: () => null,
  };
  const checks = Object.entries(outcomes).map(([name, run]): Check => ({ name, critical: false, run: untyped(run) }));
  const server = createServer();
  make({ checks }).attach(server);
  const url = await urlOf(server);
  const statuses = async () => {
    const { checks: all } = z
      .object({ checks: z.record(z.string(), z.object({ status: z.string() })) })
      .parse((await ask(`${url}/ready`)).json());
    return Object.entries(all).map(([name, { status }]) => `${name} ${status}`);
  };
  const seen = await eventually(statuses, (all) => all.every((one) => !one.endsWith("unknown")), 10_000);
  const up = seen.filter((one) => one.endsWith(" up"));
  assert.deepEqual(up, ["garbage up", "nothing up", "null up"]);
  assert.doesNotMatch((await ask(`${url}/health/detailed`)).text, /hunter2|a text/);
});

test("a check may be an object of a class", async () => {
  class QueueCheck {
    readonly name = "queue";
    readonly critical = true;
    runs = 0;
    closed = false;
    async run() {
      this.runs += 1;
    }
    close() {
      this.closed = true;
    }
  }
  const check = new QueueCheck();
  const health = make({ checks: [check] });
  health.start();
  await eventually(
    () => health.snapshot().ready,
    (ready) => ready,
  );
  health.stop();
  assert.deepEqual([check.runs > 0, check.closed], [true, true]);
});

test("checks keep running if callbacks or the policy throw; after an error or a wrong result of the policy, no check is exempted", async () => {
  const warnings: string[] = [];
  const collect = ({ name, message }: Error) => name === "HealthWarning" && warnings.push(message);
  process.on("warning", collect);
  atEnd(() => process.off("warning", collect));
  const fails = () => {
    throw new Error("callback");
  };
  const down: Check = { name: "db", critical: true, run: async () => Promise.reject(new Error("down")), close: fails };
  for (const policy of [fails, untyped(() => undefined), untyped(() => ({ exempted: "db" }))]) {
    const health = make({ checks: [down], policy, onResult: fails, onChange: fails, routeOf: fails });
    const server = createServer((_request, response) => response.end("app"));
    health.attach(server);
    const url = await urlOf(server);
    assert.equal((await ask(url)).text, "app");
    await eventually(
      () => health.snapshot().capabilities[0]?.status,
      (status) => status === "down",
    );
    assert.equal((await ask(`${url}/ready`)).status, 503);
    health.stop();
  }
  const has = (text: string) => warnings.some((one) => one.startsWith(text));
  await eventually(
    () =>
      ["onResult threw", "policy threw", "routeOf threw", 'closing the check "db" failed'].filter((one) => !has(one)),
    (missing) => missing.length === 0,
  );
});

test("with 200 checks, /ready returns 200, /ready?verbose and /metrics list the last check, and the status page is served", async () => {
  const checks = Array.from(
    { length: 200 },
    (_, index): Check => ({ name: `c${index}`, critical: true, run: passing }),
  );
  const server = createServer();
  const health = make({ checks, intervalMs: 500 });
  health.attach(server);
  const url = await urlOf(server);
  await eventually(
    async () => (await ask(`${url}/ready`)).status,
    (status) => status === 200,
    10_000,
  );
  assert.match((await ask(`${url}/ready?verbose`)).text, /c199/);
  assert.match((await ask(`${url}/metrics`)).text, /^health_check_up\{check="c199"\} 1$/m);
  assert.equal((await ask(`${url}/health/detailed`, { headers: { accept: "text/html" } })).status, 200);
});

test("two kits in one process have checks, metrics and phases of their own", async () => {
  const [first, second] = [make({ service: "orders" }), make({ service: "invoices" })];
  const servers = [createServer(), createServer()] as const;
  first.attach(servers[0]);
  second.attach(servers[1]);
  const urls = [await urlOf(servers[0]), await urlOf(servers[1])] as const;
  await eventually(
    async () => (await Promise.all(urls.map((url) => ask(`${url}/ready`)))).map(({ status }) => status),
    (statuses) => statuses.every((status) => status === 200),
  );
  await first.drain(servers[0], { delayMs: 0, lingerMs: 0, timeoutMs: 1000 });
  assert.partialDeepStrictEqual((await ask(`${urls[1]}/ready`)).json(), { service: "invoices", status: "ready" });
});

test("a drain closes all servers that are attached", async () => {
  const health = make();
  const servers = [createServer((_request, response) => response.end("a")), createServer()] as const;
  for (const server of servers) health.attach(server);
  const urls = [await urlOf(servers[0]), await urlOf(servers[1])];
  await eventually(
    () => health.snapshot().ready,
    (ready) => ready,
  );
  await health.drain(servers[0], { delayMs: 0, lingerMs: 0, timeoutMs: 1000 });
  for (const url of urls) await assert.rejects(ask(`${url}/ready`));
});

test("a registry of prom-client that already has a metric of the kit is refused with the name of the metric and the fix", () => {
  const registry = new Registry();
  make({ metrics: registry });
  assert.throws(() => make({ metrics: registry }), /refuses the metric "\w+"\. .* registry of its own/);
});
