import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { atEnd } from "../support/at-end.ts";
import { eventually } from "../support/eventually.ts";
import { freePort } from "../support/free-port.ts";
import { ask } from "../support/http.ts";
import { runProgram } from "../support/run-program.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));
const page = readFileSync(join(root, "docs/use-in-your-app.md"), "utf8");
const example = /```ts\n([\s\S]*?)```/.exec(page)?.[1] ?? "";
let folder: string;

/** Somebody else's project, with this package installed as it would be published. */
before(async () => {
  folder = mkdtempSync(join(tmpdir(), "haven-kit-"));
  atEnd(() => rmSync(folder, { recursive: true, force: true }));
  const installed = join(folder, "node_modules", "haven-api");
  mkdirSync(installed, { recursive: true });
  const modules = join(root, "node_modules");
  for (const name of ["express", "opossum", "@types"])
    symlinkSync(join(modules, name), join(folder, "node_modules", name));
  const built = await runProgram(join(modules, ".bin/tsc"), [
    "-p",
    join(root, "src"),
    "--outDir",
    join(installed, "dist"),
  ]);
  assert.equal(built.code, 0, built.output);
  cpSync(join(root, "package.json"), join(installed, "package.json"));
  writeFileSync(join(folder, "package.json"), '{"type":"module"}');
  writeFileSync(join(folder, "app.ts"), example);
});

test("the example is a complete app of under 30 lines, and its types are right", async () => {
  assert.ok(example.trim().split("\n").length < 30);
  const tsc = join(root, "node_modules/.bin/tsc");
  const options = [
    "--noEmit",
    "--strict",
    "--skipLibCheck",
    "--module",
    "nodenext",
    "--target",
    "es2024",
    "--types",
    "node",
  ];
  assert.deepEqual(await runProgram(tsc, [...options, "app.ts"], { cwd: folder }), { code: 0, output: "" });
});

test("the example runs: it tells the truth about what it depends on, and drains", async () => {
  const shop = createServer((_request, response) => response.end('{"left":3}'));
  const shopPort = await freePort();
  writeFileSync(join(folder, "app.ts"), example.replace("127.0.0.1:9000", `127.0.0.1:${shopPort}`));
  const listen = async () => {
    shop.listen(shopPort, "127.0.0.1");
    await once(shop, "listening");
  };
  atEnd(() => shop.close());
  await listen();

  const port = await freePort();
  const child = spawn(process.execPath, ["app.ts"], {
    cwd: folder,
    env: { ...process.env, PORT: String(port) },
    stdio: ["ignore", "inherit", "inherit"],
  });
  const exited = once(child, "exit");
  atEnd(() => child.kill("SIGKILL"));
  const url = `http://127.0.0.1:${port}`;
  const status = () =>
    ask(`${url}/ready`).then(
      (answer) => answer.status,
      () => 0,
    );
  await eventually(status, (seen) => seen === 200, 10_000);
  assert.deepEqual((await ask(`${url}/orders`)).json(), { stock: { left: 3 } });

  shop.close();
  shop.closeAllConnections();
  await eventually(status, (seen) => seen === 503);
  assert.equal((await ask(`${url}/alive`)).status, 200);
  await listen();
  await eventually(status, (seen) => seen === 200);

  child.kill("SIGTERM");
  await eventually(status, (seen) => seen === 503, 1000);
  assert.deepEqual((await exited)[0], 0);
});
