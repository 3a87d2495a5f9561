import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { before, test } from "node:test";
import { projectWithKit } from "../kit/support/installed-kit.ts";
import { atEnd } from "../shared/at-end.ts";
import { eventually } from "../shared/eventually.ts";
import { freePort } from "../shared/free-port.ts";
import { ask } from "../shared/requests/http.ts";

const page = readFileSync(new URL("../../docs/use-in-your-app.md", import.meta.url), "utf8");
const example = /```ts\n([\s\S]*?)```/.exec(page)?.[1] ?? "";
let project: Awaited<ReturnType<typeof projectWithKit>>;

before(async () => {
  project = await projectWithKit();
  project.link("express", "@types");
  project.write("app.ts", example);
});

test("the example is a complete app of under 30 lines with the right types", async () => {
  assert.ok(example.trim().split("\n").length < 30);
  assert.deepEqual(await project.typeCheck("app.ts"), { code: 0, output: "" });
});

test("the example runs: /ready reports the state of the dependency, and SIGTERM drains the app", async () => {
  const shop = createServer((_request, response) => response.end('{"left":3}'));
  const shopPort = await freePort();
  project.write("app.ts", example.replace("127.0.0.1:9000", `127.0.0.1:${shopPort}`));
  const listen = async () => {
    shop.listen(shopPort, "127.0.0.1");
    await once(shop, "listening");
  };
  atEnd(() => shop.close());
  await listen();

  const port = await freePort();
  const child = spawn(process.execPath, ["app.ts"], {
    cwd: project.folder,
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
