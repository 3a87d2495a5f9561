import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { atEnd } from "../shared/at-end.ts";
import { eventually } from "../shared/eventually.ts";
import { ask } from "../shared/requests/http.ts";
import { freshAddress, send } from "../shared/requests/proxy-client.ts";
import { startNginx } from "../shared/servers/proxies.ts";
import { startFakeUpstreams } from "./support/fake-upstreams.ts";

const exporter = fileURLToPath(new URL("../../monitoring/nginx-log-exporter.js", import.meta.url));

test("the exporter of the access log distinguishes the responses of NGINX from those of the instances", async () => {
  const child = spawn(process.execPath, [exporter], { stdio: "inherit" });
  atEnd(() => child.kill());
  const backends = await startFakeUpstreams();
  backends.behave((request, response) => {
    if (request.url === "/api/v1/resets") request.socket.resetAndDestroy();
    else response.writeHead(request.url === "/api/v1/broken" ? 502 : 200).end("x");
  });
  const counts = async () => {
    const { text } = await ask("http://127.0.0.1:9114/metrics");
    const found = [...text.matchAll(/^nginx_http_responses_total\{source="(\w+)",status="(\d+)"\} (\d+)$/gm)];
    return Object.fromEntries(
      found.map(([, source = "", status = "", count]) => [`${source} ${status}`, Number(count)]),
    );
  };
  await eventually(
    () => counts().catch(() => undefined),
    (now) => now !== undefined,
  );
  await startNginx({ variants: ["status-counts.conf"] });
  assert.deepEqual(await counts(), { "nginx 429": 0, "nginx 502": 0, "nginx 503": 0, "nginx 504": 0 });

  const statuses: number[] = [];
  const request = async (path: string, from = freshAddress(), method = "GET") =>
    void statuses.push((await send(path, { from, method })).status);
  for (let count = 0; count < 3; count += 1) await request("/api/v1/who");
  await request("/ready");
  await request("/metrics");
  await request("/api/v1/broken");
  await request("/api/v1/resets");
  await request("/api/v1/resets", freshAddress(), "POST");
  const oneClient = freshAddress();
  await Promise.all(Array.from({ length: 60 }, () => request("/api/v1/who", oneClient)));

  const rejected = statuses.filter((status) => status === 429).length;
  const served = statuses.filter((status) => status === 200).length;
  assert.ok(rejected > 0);
  const expected = {
    "instance 200": served - 1, // without the probe
    "instance 502": 1,
    "nginx 404": 1,
    "nginx 429": rejected,
    "nginx 502": 2,
    "nginx 503": 0,
    "nginx 504": 0,
  };
  const counted = await eventually(counts, (now) => now["nginx 429"] === rejected, 3000);
  assert.deepEqual(counted, expected);
  assert.match((await ask("http://127.0.0.1:9114/metrics")).text, /^nginx_log_malformed_lines_total 0$/m);
});
