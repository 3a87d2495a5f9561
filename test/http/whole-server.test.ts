import assert from "node:assert/strict";
import { once } from "node:events";
import { connect } from "node:net";
import { describe, test } from "node:test";
import { gunzipSync } from "node:zlib";
import { freePort } from "../shared/free-port.ts";
import { ask } from "../shared/requests/http.ts";
import { sameSecret } from "../shared/requests/people.ts";
import { startHaven } from "../support/haven.ts";

const { url, port } = await startHaven({ env: sameSecret });

/** Sends a request that the HTTP clients of Node cannot send, and returns the response. */
async function sendRaw(to: number, head: string): Promise<string> {
  const socket = connect(to, "127.0.0.1");
  socket.write(`${head}\r\nConnection: close\r\n\r\n`);
  let text = "";
  socket.on("data", (chunk) => (text += chunk));
  await once(socket, "close");
  return text;
}

const sendLine = (line: string) => sendRaw(port, `${line} HTTP/1.1\r\nHost: localhost`);

test("OPTIONS * returns the methods of the server", async () => {
  assert.match(
    await sendLine("OPTIONS *"),
    /^HTTP\/1.1 204 [\s\S]*\r\nAllow: DELETE, GET, HEAD, OPTIONS, PATCH, POST, PUT\r\n/,
  );
  assert.match(await sendLine("GET *"), /^HTTP\/1.1 404 /);
});

test("a request for an absolute URI is served at the path of the URI, also if the scheme is in upper case", async () => {
  assert.match(await sendLine("GET HTTP://localhost/alive"), /^HTTP\/1.1 200 /);
  assert.match(await sendLine("GET Http://localhost/api"), /^HTTP\/1.1 200 /);
});

test("the host of an absolute URI replaces the Host header, and has to be valid", async () => {
  const page = (uri: string, host: string) => sendRaw(port, `GET ${uri} HTTP/1.1\r\nHost: ${host}`);
  const own = await page("/api/docs", `localhost:${port}`);
  const absolute = await page(`http://localhost:${port}/api/docs`, "elsewhere.example");
  const body = (text: string) => text.slice(text.indexOf("\r\n\r\n"));
  assert.equal(body(absolute), body(own));
  for (const invalid of ["http://", "http:///alive", "http://a@b/alive", "http://a b/alive"])
    assert.match(await page(invalid, "localhost"), /^HTTP\/1.1 400 /, invalid);
  assert.match(await sendRaw(port, `GET http://localhost/alive HTTP/1.1`), /^HTTP\/1.1 400 /);
  assert.match(await page("http://localhost?verbose", "localhost"), /^HTTP\/1.1 404 /);
});

test("the management port also serves absolute URIs, OPTIONS *, and requests before a malformed one", async () => {
  const managementPort = await freePort();
  await startHaven({ env: { ...sameSecret, MANAGEMENT_PORT: String(managementPort) } });
  const send = (line: string) => sendRaw(managementPort, `${line} HTTP/1.1\r\nHost: localhost`);
  assert.match(await send("GET HTTP://localhost/metrics"), /^HTTP\/1.1 200 /);
  assert.match(await send("GET http://localhost/alive"), /^HTTP\/1.1 200 /);
  assert.match(await send("GET http://a@b/alive"), /^HTTP\/1.1 400 /);
  const brokenAfter = await sendRaw(managementPort, "GET /health/detailed HTTP/1.1\r\nHost: a\r\n\r\nBROKEN");
  assert.deepEqual(
    [...brokenAfter.matchAll(/HTTP\/1.1 (\d+)/g)].map(([, status]) => status),
    ["200", "400"],
  );
  assert.match(await send("OPTIONS *"), /^HTTP\/1.1 204 [\s\S]*\r\nAllow: DELETE, GET, HEAD, OPTIONS, PUT\r\n/);
});

test("/ redirects browsers to the start page, and is 404 for other clients", async () => {
  const page = await ask(`${url}/`, { headers: { accept: "text/html,*/*;q=0.8" } });
  assert.deepEqual([page.status, page.headers.location], [302, "/api"]);
  assert.equal((await ask(`${url}/`)).status, 404);
});

describe("pages and the OpenAPI document are compressed", () => {
  for (const path of ["/api/docs", "/api/openapi.json"]) {
    test(`${path} for clients that accept gzip`, async () => {
      const plain = await ask(url + path);
      const compressed = await ask(url + path, { headers: { "accept-encoding": "br;q=1, gzip;q=0.8" } });
      assert.equal(compressed.headers["content-encoding"], "gzip");
      assert.equal(compressed.headers.vary, "Accept-Encoding");
      assert.ok(compressed.bytes.length < 150_000, `${compressed.bytes.length} bytes`);
      assert.equal(gunzipSync(compressed.bytes).toString(), plain.text);
      assert.notEqual(compressed.headers.etag, plain.headers.etag);
      const headers = { "accept-encoding": "gzip", "if-none-match": compressed.headers.etag ?? "" };
      assert.equal((await ask(url + path, { headers })).status, 304);
    });

    test(`${path}, but not for other clients`, async () => {
      for (const codings of ["identity", "gzip;q=0", "br, gzip; q=0.0"]) {
        const { headers } = await ask(url + path, { headers: { "accept-encoding": codings } });
        assert.equal(headers["content-encoding"], undefined, codings);
      }
    });
  }
});
