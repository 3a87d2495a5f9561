import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { before, suite, test } from "node:test";
import { fileURLToPath } from "node:url";
import { rollingRestart } from "../../../src/kit/testing/rolling-restart.ts";
import { atEnd } from "../../shared/at-end.ts";
import { eventually } from "../../shared/eventually.ts";
import { freePort } from "../../shared/free-port.ts";
import { without } from "../../shared/programs.ts";
import { ask } from "../../shared/requests/http.ts";
import { frameworks, projectWithFrameworks, startShop } from "../support/framework-app.ts";
import { withoutFrameworks } from "../support/frameworks.ts";

const skip = withoutFrameworks().skip || without("nginx");
const requests = [
  { path: "/hello" },
  { path: "/slow?ms=100" },
  { method: "POST", path: "/items", headers: { "content-type": "application/json" }, body: '{"name":"lamp"}' },
];
// The linger time is long enough for NGINX to use each idle connection once more, also on a busy machine.
const drain = "200,500,5000";
const shop = await startShop();
let folder = "";
before(async () => {
  if (skip === false) folder = await projectWithFrameworks();
});

/** Starts NGINX in front of two instances. It does not retry requests that it has sent. */
async function startNginx(ports: readonly number[]): Promise<string> {
  const port = await freePort();
  const home = mkdtempSync(join(tmpdir(), "haven-nginx-"));
  atEnd(() => rmSync(home, { recursive: true, force: true }));
  const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map(
    (name) => `${name}_temp_path ${home}/${name};`,
  );
  writeFileSync(
    join(home, "nginx.conf"),
    `daemon off; pid ${home}/pid; error_log ${home}/error.log; worker_processes 1; events {}
    http {
      access_log off; ${temporary.join(" ")}
      upstream app {
        ${ports.map((upstream) => `server 127.0.0.1:${upstream} max_fails=0;`).join(" ")}
        # With max_fails=0, NGINX excludes no instance. Otherwise it could exclude both at the same time.
        keepalive 16;
      }
      server {
        listen 127.0.0.1:${port};
        # NGINX itself answers this path, so that the test can wait for NGINX before an instance runs.
        location = /started { return 204; }
        location / { proxy_pass http://app; proxy_http_version 1.1; proxy_set_header Connection ""; }
      }
    }`,
  );
  const nginx = spawn("nginx", ["-p", home, "-c", join(home, "nginx.conf")], { stdio: "ignore" });
  const exited = once(nginx, "exit");
  atEnd(async () => {
    nginx.kill("SIGQUIT");
    await exited;
  });
  const url = `http://127.0.0.1:${port}`;
  await eventually(
    () =>
      ask(`${url}/started`).then(
        () => true,
        () => false,
      ),
    (answers) => answers,
  );
  return url;
}

// Three tests run at once, because they mostly wait for drains.
suite("five rolling restarts behind NGINX fail no request", { skip, concurrency: 3 }, () => {
  for (const framework of frameworks) {
    test(framework, async () => {
      const ports = [await freePort(), await freePort()];
      const report = await rollingRestart({
        args: [`${framework}.mjs`],
        cwd: folder,
        env: ({ port }) => ({ PORT: String(port), SHOP_URL: shop.url, DRAIN: drain }),
        ports,
        requests,
        settleMs: 1500,
        clients: 4,
        target: await startNginx(ports),
      });
      assert.deepEqual(report.failures.slice(0, 3), []);
      assert.deepEqual(report.exits, [0, 0, 0, 0, 0]);
      assert.ok(report.requests > 100, `${report.requests} requests`);
    });
  }
});

test("without a load balancer the clients choose ready instances, and an app with the kit fails no request", {
  skip,
}, async () => {
  const report = await rollingRestart({
    args: ["node-http.mjs"],
    cwd: folder,
    env: ({ port }) => ({ PORT: String(port), SHOP_URL: shop.url, DRAIN: drain }),
    restarts: 2,
    requests,
    clients: 4,
  });
  assert.deepEqual(report.failures.slice(0, 3), []);
  assert.deepEqual(report.exits, [0, 0]);
});

test("an app that ends without a drain fails requests, and the report names them", async () => {
  const app = fileURLToPath(new URL("../support/careless-app.mjs", import.meta.url));
  const report = await rollingRestart({ args: [app], restarts: 2, requests: [{ method: "POST", path: "/orders" }] });
  assert.ok(report.failures.length > 0);
  assert.partialDeepStrictEqual(report.failures[0], { method: "POST", path: "/orders", status: null });
});

test("a rolling restart of an app that does not start fails with the output of the app", async () => {
  const start = rollingRestart({ args: ["--eval", "throw new Error('no database')"] });
  await assert.rejects(start, /exited with 1: .*no database/s);
});
