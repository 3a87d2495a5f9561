import assert from "node:assert/strict";
import { once } from "node:events";
import { connect } from "node:net";
import { describe, test } from "node:test";
import { gunzipSync } from "node:zlib";
import { ask } from "../shared/requests/http.ts";
import { sameSecret } from "../shared/requests/people.ts";
import { startHaven } from "../support/haven.ts";

const { url, port } = await startHaven({ env: sameSecret });

/** Sends a request line that clients of Node cannot send, and returns the response. */
async function sendLine(line: string): Promise<string> {
  const socket = connect(port, "127.0.0.1");
  socket.write(`${line} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`);
  let text = "";
  socket.on("data", (chunk) => (text += chunk));
  await once(socket, "close");
  return text;
}

test("OPTIONS * returns the methods of the server", async () => {
  assert.match(
    await sendLine("OPTIONS *"),
    /^HTTP\/1.1 204 [\s\S]*\r\nAllow: DELETE, GET, HEAD, OPTIONS, PATCH, POST, PUT\r\n/,
  );
  assert.match(await sendLine("GET *"), /^HTTP\/1.1 404 /);
});

test("an absolute URI with a scheme in upper case is the path that it names", async () => {
  assert.match(await sendLine("GET HTTP://localhost/alive"), /^HTTP\/1.1 200 /);
  assert.match(await sendLine("GET Http://localhost/api"), /^HTTP\/1.1 200 /);
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
