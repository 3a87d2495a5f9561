import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { createServer as createHttpsServer, request as httpsRequest } from "node:https";
import { text } from "node:stream/consumers";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { z } from "zod";
import { httpCheck } from "../../src/kit/checks/http.ts";
import { postgresCheck } from "../../src/kit/checks/postgres.ts";
import { type Check, createHealth, type HealthOptions } from "../../src/kit/index.ts";
import { atEnd } from "../shared/at-end.ts";
import { createAuthority } from "../shared/certificates.ts";
import { eventually } from "../shared/eventually.ts";
import { freePort } from "../shared/free-port.ts";
import { without } from "../shared/programs.ts";
import { ask } from "../shared/requests/http.ts";

// The code of an app may pass wrong options, throw, reject and close twice. The kit must keep working.

const untyped = (value: unknown): never => value as never;

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

async function urlOf(server: Server, scheme = "http"): Promise<string> {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  atEnd(() => {
    server.close();
    server.closeAllConnections();
  });
  return `${scheme}://127.0.0.1:${z.object({ port: z.number() }).parse(server.address()).port}`;
}

function collectWarnings(): string[] {
  const warnings: string[] = [];
  const collect = ({ name, message }: Error) => name === "HealthWarning" && warnings.push(message);
  process.on("warning", collect);
  atEnd(() => process.off("warning", collect));
  return warnings;
}

const fails = () => {
  throw new Error("from the app");
};
const rejects = async () => fails();

for (const [name, value] of [
  ["token", "t0ken\n"],
  ["token", "two words"],
  ["token", "tökén"],
] as const) {
  test(`the operator ${name} ${JSON.stringify(value)}, which no header can contain, is refused`, () => {
    assert.throws(() => make({ operators: { [name]: value } }), /operators\.token must have visible ASCII characters/);
  });
}

test("facts with the names of other fields, or with values that are not strings, are refused", () => {
  for (const facts of [{ status: "fine" }, { checks: "all" }, { commit: 7 }, { commit: undefined }])
    assert.throws(() => make({ facts: untyped(facts) }), /facts must have strings, and names other than status, ready/);
  assert.throws(() => make({ appPaths: untyped(["live"]) }), /appPaths must be an array of paths/);
});

for (const [title, operators] of [
  ["throw", { sendError: fails, requestIdOf: fails, onUnexpectedError: fails }],
  ["reject", { sendError: rejects, requestIdOf: untyped(rejects), onUnexpectedError: rejects }],
] as const) {
  test(`an operator endpoint whose callbacks ${title} closes the connection, and the process keeps running`, async () => {
    const broken = { withoutToken: "unauthorized", answer: fails } as const;
    const server = createServer();
    make({ operators: { ...operators, routes: new Map([["/health/broken", broken]]) } }).attach(server);
    const url = await urlOf(server);
    await assert.rejects(ask(`${url}/health/broken`));
    await assert.rejects(ask(`${url}/orders`));
    assert.equal((await ask(`${url}/ready`)).status, 200);
  });
}

test("an error in an operator endpoint becomes a warning if the app has no onUnexpectedError", async () => {
  const warnings = collectWarnings();
  const server = createServer();
  make({ certificates: fails }).attach(server);
  const { status, text: body } = await ask(`${await urlOf(server)}/health/detailed`);
  assert.equal(status, 500);
  assert.doesNotMatch(body, /from the app/);
  await eventually(
    () => warnings,
    (all) => all.includes("an operator endpoint failed: from the app"),
  );
});

test("callbacks and drain handlers that reject do not end the process", async () => {
  const warnings = collectWarnings();
  const check: Check = { name: "db", critical: true, run: rejects };
  const health = make({ checks: [check], onChange: rejects, onResult: rejects, onCheckError: rejects });
  const server = createServer();
  health.attach(server);
  await urlOf(server);
  health.onDrain(rejects);
  health.onDrain(fails);
  await eventually(
    () => health.snapshot().capabilities[0]?.status,
    (status) => status === "down",
  );
  await health.drain(server, { delayMs: 0, lingerMs: 0, timeoutMs: 1000 });
  await eventually(
    () =>
      ["onChange", "onResult", "onCheckError", "a drain handler"].filter(
        (name) => !warnings.some((one) => one.startsWith(name)),
      ),
    (missing) => missing.length === 0,
  );
});

test("the app gets the error of each failing run; answers have the reason only", async () => {
  const errors: [string, unknown][] = [];
  const checks: Check[] = [{ name: "db", critical: false, run: rejects }];
  const server = createServer();
  make({ checks, onCheckError: (name, error) => void errors.push([name, error]) }).attach(server);
  const url = await urlOf(server);
  await eventually(
    () => errors.length,
    (count) => count >= 2,
  );
  assert.deepEqual([errors[0]?.[0], String(errors[0]?.[1])], ["db", "Error: from the app"]);
  assert.doesNotMatch((await ask(`${url}/health/detailed`)).text, /from the app/);
});

test("without onCheckError, a check error whose reason is only failed becomes one warning", async () => {
  const warnings = collectWarnings();
  const refused = `http://127.0.0.1:${await freePort()}/`;
  const checks = [
    { name: "a-new-check", critical: false, run: rejects },
    httpCheck({ name: "shop-that-is-down", url: refused }),
  ];
  const health = make({ checks });
  health.start();
  await eventually(
    () => health.snapshot().capabilities.map(({ consecutiveFailures }) => consecutiveFailures),
    (failures) => failures.every((count) => count >= 3),
  );
  assert.deepEqual(
    warnings.filter((one) => one.startsWith("the check")),
    ['the check "a-new-check" failed: from the app'],
  );
});

test("a check fails, and no other check does, if its client cannot be created, is created slowly, or is a promise", async () => {
  const block = () => {
    const until = performance.now() + 300;
    while (performance.now() < until);
    return fails();
  };
  const clients = { throwing: fails, blocking: block, promised: async () => ({}), missing: () => undefined };
  const checks = Object.entries(clients).map(([name, client]) => postgresCheck({ name, client: untyped(client) }));
  const health = make({ checks: [...checks, { name: "fine", critical: true, run: async () => undefined }] });
  health.start();
  const statuses = () => Object.fromEntries(health.snapshot().capabilities.map(({ name, status }) => [name, status]));
  const down = { throwing: "down", blocking: "down", promised: "down", missing: "down", fine: "up" };
  await eventually(statuses, (seen) => JSON.stringify(seen) === JSON.stringify(down), 15_000);
});

test("a second drain or stop does nothing, and a check is closed once", async () => {
  const closed: string[] = [];
  const check: Check = { name: "db", critical: true, run: async () => undefined, close: () => void closed.push("db") };
  const health = make({ checks: [check], operators: { managementPort: await freePort() } });
  const server = createServer((_request, response) => response.end("app"));
  health.attach(server);
  await urlOf(server);
  const times = { delayMs: 0, lingerMs: 0, timeoutMs: 1000 };
  const drains = [health.drain(server, times), health.drain(server, times)];
  assert.equal(drains[0], drains[1]);
  assert.deepEqual(await Promise.all(drains), [{ cut: 0 }, { cut: 0 }]);
  health.stop();
  health.stop();
  assert.deepEqual(await health.drain(server, times), { cut: 0 });
  health.start();
  assert.deepEqual(closed, ["db"]);
});

test("a drain of a server that was not attached warns that its requests are cut", async () => {
  const warnings = collectWarnings();
  const server = createServer();
  await urlOf(server);
  await make().drain(server, { delayMs: 0, lingerMs: 0, timeoutMs: 100 });
  await eventually(
    () => warnings,
    (all) => all.some((one) => one.startsWith("drain: a server is not attached")),
  );
});

test("a drain of an HTTPS server answers requests in flight, and closes idle connections", {
  skip: without("openssl"),
}, async () => {
  const authority = createAuthority();
  const { certFile, keyFile } = authority.issue("orders");
  const tls = { cert: readFileSync(certFile), key: readFileSync(keyFile) };
  const server = createHttpsServer(tls, (_request, response) => void setTimeout(() => response.end("done"), 1500));
  const health = make();
  health.attach(server);
  const url = await urlOf(server, "https");
  const get = async (path: string) => {
    const [response] = await once(httpsRequest(url + path, { ca: readFileSync(authority.caFile) }).end(), "response");
    return { status: response.statusCode, body: await text(response) };
  };
  await eventually(
    () => get("/ready"),
    ({ status }) => status === 200,
  );
  const slow = get("/slow");
  await eventually(
    () => health.connections.inFlight(),
    (count) => count === 1,
  );
  const drained = health.drain(server, { delayMs: 0, lingerMs: 0, timeoutMs: 5000 });
  assert.deepEqual(await slow, { status: 200, body: "done" });
  assert.deepEqual(await drained, { cut: 0 });
  await eventually(
    () => health.connections.sockets(),
    (count) => count === 0,
  );
});

test("health.start opens the management port of an app without a server", async () => {
  const managementPort = await freePort();
  make({ operators: { managementPort } }).start();
  const status = () => ask(`http://127.0.0.1:${managementPort}/ready`).then((answer) => answer.status, String);
  await eventually(status, (seen) => seen === 200);
});

test("a management port that is in use ends the process with one error that names the option and the cause", async () => {
  const taken = createServer().listen(0, "127.0.0.1");
  await once(taken, "listening");
  atEnd(() => taken.close());
  const { port } = z.object({ port: z.number() }).parse(taken.address());
  const app = fileURLToPath(new URL("./support/stopping-app.ts", import.meta.url));
  const env = { ...process.env, PORT: String(await freePort()), MANAGEMENT_PORT: String(port) };
  const child = spawn(process.execPath, [app], { env, stdio: ["ignore", "ignore", "pipe"] });
  const [output, [code]] = await Promise.all([text(child.stderr), once(child, "exit")]);
  assert.equal(code, 1, output);
  const message = `Error: operators.managementPort ${port} cannot be opened: another server listens on it (EADDRINUSE)`;
  assert.equal(output.split(message).length - 1, 1, output);
});
