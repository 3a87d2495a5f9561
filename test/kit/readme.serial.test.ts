import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { before, test } from "node:test";
import { atEnd } from "../shared/at-end.ts";
import { eventually } from "../shared/eventually.ts";
import { freePort } from "../shared/free-port.ts";
import { ask } from "../shared/requests/http.ts";
import { runProgram } from "../shared/run-program.ts";
import { freshDatabase } from "../shared/servers/stores/database.ts";
import { freshRedis } from "../shared/servers/stores/redis.ts";
import { startShop } from "./support/framework-app.ts";
import { frameworksFolder, withoutFrameworks } from "./support/frameworks.ts";
import { projectWithKit } from "./support/installed-kit.ts";
import { nodeBinary, nodeVersions, withoutNode } from "./support/node-versions.ts";

// Every block of code in the README runs from the packed tarball and the registry, on each supported version of Node: apps
// answer their probes and drain, and scripts exit with 0.

const readme = readFileSync(new URL("../../src/kit/README.md", import.meta.url), "utf8");
const blocks = [...readme.matchAll(/^```ts\n([\s\S]*?)^```$/gm)].map(([, code = ""]) => code);
const isApp = (code: string): boolean => /\b3000\b/.test(code);

const nestModule = `
import { Controller, Get, Module } from "@nestjs/common";
class OrdersController { orders() { return []; } }
Get("orders")(OrdersController.prototype, "orders", Object.getOwnPropertyDescriptor(OrdersController.prototype, "orders")!);
Controller()(OrdersController);
export class AppModule {}
Module({ controllers: [OrdersController] })(AppModule);
`;

const missing = withoutFrameworks().skip || nodeVersions.map((version) => withoutNode(version).skip).find(Boolean);
const options = { skip: missing ?? false };
const nodes = [process.execPath, ...nodeVersions.map(nodeBinary)];
const shop = await startShop();
const environment = { DATABASE_URL: await freshDatabase({ migrated: false }), REDIS_URL: await freshRedis() };
let project: Awaited<ReturnType<typeof projectWithKit>>;
before(async () => {
  project = await projectWithKit({ fromRegistry: true });
  if (options.skip !== false) return;
  project.linkFrom(frameworksFolder);
  project.link("express", "ioredis", "pg");
  project.write("app.module.ts", nestModule);
  project.write("package.json", '{"type":"module"}');
});

/** Returns the block with ports of this test and shorter times. */
const adapted = (code: string, port: number): string =>
  code
    .replaceAll("127.0.0.1:9000", new URL(shop.url).host)
    .replaceAll("3000 }", `${port} }`)
    .replaceAll("port: 3000", `port: ${port}`)
    .replaceAll("(3000)", `(${port})`)
    .replaceAll(
      "health.stopOnSignals(server);",
      "health.stopOnSignals(server, { drain: { delayMs: 200, lingerMs: 500 } });",
    )
    .replaceAll("{ close:", "{ drain: { delayMs: 200, lingerMs: 500 }, close:")
    .replace("delayMs: 8000, lingerMs: 3000", "delayMs: 200, lingerMs: 500");

const titleOf = (code: string, index: number): string =>
  `block ${index + 1}, which imports ${[...code.matchAll(/from "([^"]+)"/g)].map(([, name]) => name).join(", ")}`;

for (const [index, code] of blocks.entries()) {
  if (code.includes("rollingRestart")) continue;
  if (isApp(code)) {
    test(`${titleOf(code, index)}: the app is ready, and drains at SIGTERM`, options, async () => {
      await Promise.all(nodes.map((node, version) => servesAndDrains(node, `block-${index}-${version}.ts`, code)));
    });
  } else {
    test(`${titleOf(code, index)}: its checks pass`, options, async () => {
      const file = `block-${index}.ts`;
      project.write(file, code + exitOncePassed);
      const env = { ...process.env, ...environment };
      const outcomes = await Promise.all(nodes.map((node) => runProgram(node, [file], { cwd: project.folder, env })));
      for (const { code: exitCode, output } of outcomes)
        assert.deepEqual([exitCode, withoutWarnings(output)], [0, "all passed"], output);
    });
  }
}

/** Appended to a block: exits with 0 once all checks of the block are up. */
const exitOncePassed = `
  health.start();
  const limit = setTimeout(() => process.exit(1), 15_000);
  const poll = setInterval(() => {
    const { capabilities } = health.snapshot();
    if (capabilities.length === 0 || capabilities.some((one) => one.status !== "up")) return;
    clearTimeout(limit);
    clearInterval(poll);
    health.stop();
    console.log("all passed");
    // Clients that the block has created are still connected, and would keep the process running.
    setTimeout(() => process.exit(0), 500).unref();
  }, 50);`;

/** Older versions of Node warn that types are stripped. */
const withoutWarnings = (output: string): string =>
  output
    .split("\n")
    .filter((line) => !/ExperimentalWarning|--trace-warnings/.test(line))
    .join("\n")
    .trim();

async function servesAndDrains(node: string, file: string, code: string): Promise<void> {
  const port = await freePort();
  project.write(file, adapted(code, port));
  const child = spawn(node, [file], {
    cwd: project.folder,
    env: { ...process.env, npm_lifecycle_event: undefined },
    stdio: ["ignore", "ignore", "pipe"],
  });
  atEnd(() => child.kill("SIGKILL"));
  let stderr = "";
  child.stderr.on("data", (chunk: Buffer) => (stderr += chunk));
  const exited = once(child, "exit");
  const status = () =>
    ask(`http://127.0.0.1:${port}/ready`).then(
      (answer) => answer.status,
      () => 0,
    );
  await eventually(status, (seen) => seen === 200 || child.exitCode !== null, 20_000);
  assert.equal(child.exitCode, null, stderr);
  // On a busy machine the event loop is late while an app starts, and requests are rejected for a moment.
  const orders = () => ask(`http://127.0.0.1:${port}/orders`).then((answer) => answer.status);
  await eventually(orders, (seen) => seen === 200, 20_000);
  child.kill("SIGTERM");
  assert.deepEqual(await exited, [0, null], stderr);
}

test("the block that tests a rolling restart passes with the app of the Express block", options, async () => {
  const express = blocks.find((code) => code.includes('from "express"')) ?? "";
  const script = blocks.find((code) => code.includes("rollingRestart")) ?? "";
  project.write("app.ts", adapted(express, 3000).replace("(3000)", "(Number(process.env['PORT']))"));
  project.write("prove.ts", script);
  const outcomes = await Promise.all(nodes.map((node) => runProgram(node, ["prove.ts"], { cwd: project.folder })));
  for (const { code, output } of outcomes) assert.equal(code, 0, output);
});

test("npm installs the kit and one dependency", options, () => {
  assert.deepEqual(project.installed(), ["@haven-api", "opossum"]);
});

test("every block of code is TypeScript or the npm install command", () => {
  const languages = [...readme.matchAll(/^```(\w+)$/gm)].map(([, language]) => language);
  assert.deepEqual([...new Set(languages)].sort(), ["sh", "ts"]);
  assert.deepEqual(
    [...readme.matchAll(/^```sh\n([\s\S]*?)^```$/gm)].map(([, code]) => code),
    ["npm install @haven-api/health\n"],
  );
  assert.ok(blocks.length >= 10);
});
