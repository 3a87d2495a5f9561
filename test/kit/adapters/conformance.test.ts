import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { Agent, get, type IncomingMessage } from "node:http";
import { before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { atEnd } from "../../shared/at-end.ts";
import { eventually } from "../../shared/eventually.ts";
import { ask } from "../../shared/requests/http.ts";
import { type FrameworkApp, frameworks, projectWithFrameworks, startApp, startShop } from "../support/framework-app.ts";
import { withoutFrameworks } from "../support/frameworks.ts";

const options = withoutFrameworks();
const shop = await startShop();
let folder = "";
before(async () => {
  if (options.skip === false) folder = await projectWithFrameworks();
});
const start = (framework: (typeof frameworks)[number]) => startApp(framework, { folder, shopUrl: shop.url });

/** Reads a stream of events, and reports how it ended. */
async function openStream(url: string) {
  const [response] = (await once(get(`${url}/stream`), "response")) as [IncomingMessage];
  let text = "";
  response.setEncoding("utf8").on("data", (chunk: string) => (text += chunk));
  const ended = Promise.race([once(response, "end").then(() => "ended"), once(response, "error").then(() => "cut")]);
  await eventually(
    () => text,
    (seen) => seen.includes("tick"),
  );
  return { ended, text: () => text };
}

async function openSocket(url: string) {
  const socket = new WebSocket(url.replace("http", "ws"));
  atEnd(() => socket.close());
  await once(socket, "open");
  socket.send("hello");
  const [{ data }] = (await once(socket, "message")) as [MessageEvent];
  assert.equal(data, "echo hello");
  return { closedWith: once(socket, "close").then(([event]) => (event as CloseEvent).code) };
}

const inFlight = async ({ url }: FrameworkApp) =>
  Number(/^http_requests_in_flight (\d+)$/m.exec((await ask(`${url}/metrics`)).text)?.[1]);

test("an app ends when the process that started it is killed", options, async () => {
  const script = fileURLToPath(new URL("../support/start-and-report.ts", import.meta.url));
  const starter = spawn(process.execPath, [script, "node-http", folder, shop.url], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  atEnd(() => starter.kill("SIGKILL"));
  const [line] = await once(starter.stdout, "data");
  const url = String(line).trim();
  assert.equal((await ask(`${url}/ready`)).status, 200);
  starter.kill("SIGKILL");
  await eventually(
    () =>
      ask(`${url}/alive`).then(
        () => "answers",
        () => "gone",
      ),
    (seen) => seen === "gone",
  );
});

for (const framework of frameworks) {
  test(
    `${framework}: probes, operator endpoints and the app answer, and the metrics have the pattern of a route as label`,
    options,
    async () => {
      const { url } = await start(framework);
      for (const path of ["/alive", "/livez", "/ready", "/health", "/startup", "/health/detailed", "/metrics"])
        assert.equal((await ask(url + path)).status, 200, path);
      assert.equal((await ask(`${url}/ready/shop`)).status, 200);
      assert.match((await ask(`${url}/health/detailed`, { headers: { accept: "text/html" } })).text, /<h1/);
      assert.equal((await ask(`${url}/hello`)).text, "hello");
      assert.deepEqual((await ask(`${url}/items/7`)).json(), { id: "7" });
      const created = await ask(`${url}/items`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: '{"name":"lamp"}',
      });
      assert.deepEqual([created.status, created.json()], [201, { name: "lamp" }]);
      assert.equal((await ask(`${url}/unknown`)).status, 404);
      const { text } = await ask(`${url}/metrics`);
      assert.match(text, /^http_requests_total\{method="GET",route="\/items\/:id",status="200"\} 1$/m);
    },
  );

  test(
    `${framework}: while a check fails, /ready answers 503 and /alive 200; both answer 200 when the check passes`,
    options,
    async () => {
      const { url, readyStatus } = await start(framework);
      shop.stop();
      await eventually(readyStatus, (status) => status === 503);
      assert.equal((await ask(`${url}/alive`)).status, 200);
      assert.partialDeepStrictEqual((await ask(`${url}/ready`)).json(), { checks: { shop: { status: "down" } } });
      await shop.start();
      await eventually(readyStatus, (status) => status === 200);
    },
  );

  test(
    `${framework}: a drain answers requests in flight and new requests, and ends streams and sockets cleanly`,
    options,
    async () => {
      const app = await start(framework);
      const { url, child, exited } = app;
      const stream = await openStream(url);
      const socket = await openSocket(url);
      const agent = new Agent({ keepAlive: true, maxSockets: 1 });
      atEnd(() => agent.destroy());
      assert.equal((await ask(`${url}/hello`, { agent })).status, 200);
      const slow = ask(`${url}/slow?ms=1500`);
      await eventually(
        () => inFlight(app),
        (count) => count === 2,
      );
      child.kill("SIGTERM");
      await eventually(
        () => ask(`${url}/ready`),
        ({ status }) => status === 503,
        300,
      );
      assert.equal((await ask(`${url}/alive`)).status, 200);
      const during = await ask(`${url}/hello`, { agent });
      assert.deepEqual([during.status, during.headers["connection"]], [200, "keep-alive"]);
      assert.equal(await stream.ended, "ended");
      assert.match(stream.text(), /data: bye\n\n$/);
      assert.equal(await socket.closedWith, 1001);
      assert.deepEqual([(await slow).status, (await slow).text], [200, "done"]);
      assert.deepEqual(await exited, [0, null]);
    },
  );
}
