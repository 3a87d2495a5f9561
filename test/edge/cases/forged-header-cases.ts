import assert from "node:assert/strict";
import { test } from "node:test";
import { freshAddress, send } from "../../shared/requests/proxy-client.ts";
import { type Edge, freshPath, receivedRequests, waitForLogLine } from "../support/edge.ts";

/** Registers tests with forged headers. Of these headers of a client, the proxy forwards only a well-formed request id. */
export function forgedHeaderCases(edge: () => Edge): void {
  for (const [spelling, spell] of [
    ["in mixed case", (name: string) => name],
    ["in capitals", (name: string) => name.toUpperCase()],
    // Programs that map headers to variables (CGI, WSGI) cannot distinguish the two names.
    ["with underscores", (name: string) => name.replaceAll("-", "_")],
  ] as const) {
    test(`forged headers with names ${spelling} do not reach an instance`, async () => {
      const path = freshPath();
      const from = freshAddress();
      const headers = Object.fromEntries(forgedHeaders.map((name) => [spell(name), "203.0.113.66"]));
      await send(path, {
        from,
        headers: { ...headers, [spell("X-Forwarded-Proto")]: "https", Connection: "close, X-Forwarded-For" },
      });
      const [received] = receivedRequests(edge(), path);
      assert.equal(received?.headers["x-forwarded-for"], from);
      assert.equal(received?.headers["x-real-ip"], from);
      assert.equal(received?.headers["x-forwarded-proto"], "http");
      assert.equal(received?.headers["x-forwarded-host"], received?.headers["host"]);
      assert.equal(received?.headers["x-forwarded-port"], "80");
      assert.equal(received?.headerNames.filter((name) => name === "x-forwarded-for").length, 1);
      const leaked = Object.entries(received?.headers ?? {}).filter(([, value]) => value.includes("203.0.113.66"));
      assert.deepEqual(leaked, []);
    });
  }

  test("over TLS, an instance gets the scheme https and the response has HSTS; over plain HTTP, the response has no HSTS", async () => {
    const path = freshPath();
    const overTls = await send(path, { tls: true });
    assert.equal(receivedRequests(edge(), path)[0]?.headers["x-forwarded-proto"], "https");
    assert.match(String(overTls.headers["strict-transport-security"]), /^max-age=31536000/);
    const overPlainHttp = await send(path);
    assert.equal(overPlainHttp.headers["strict-transport-security"], undefined);
  });

  test("a Host with its port reaches the instance unchanged", async () => {
    const path = freshPath();
    await send(path, { headers: { host: "localhost:8080" } });
    assert.equal(receivedRequests(edge(), path)[0]?.headers["host"], "localhost:8080");
  });

  for (const id of ["well-formed_id.1", "a".repeat(128), "12345678"]) {
    test(`the request id ${id.slice(0, 20)} is kept for the instance, the response and the log`, async () => {
      const path = freshPath();
      const answer = await send(path, { headers: { "X-Request-Id": id } });
      assert.equal(receivedRequests(edge(), path)[0]?.headers["x-request-id"], id);
      assert.equal(answer.headers["x-request-id"], id);
      assert.equal((await waitForLogLine(edge().proxy, path)).requestId, id);
    });
  }

  for (const id of ["short", "a".repeat(129), "has space in it", 'quote"quote"', "semi;colon;id", "ünicode-id-here"]) {
    test(`the request id ${JSON.stringify(id.slice(0, 20))} is replaced`, async () => {
      const path = freshPath();
      const answer = await send(path, { headers: { "X-Request-Id": Buffer.from(id).toString("latin1") } });
      const newId = String(answer.headers["x-request-id"]);
      assert.match(newId, /^[A-Za-z0-9._-]{8,128}$/);
      assert.notEqual(newId, id);
      assert.equal(receivedRequests(edge(), path)[0]?.headers["x-request-id"], newId);
      assert.equal((await waitForLogLine(edge().proxy, path)).requestId, newId);
    });
  }
}

const forgedHeaders = [
  "X-Forwarded-For",
  "X-Forwarded-Host",
  "X-Forwarded-Port",
  "X-Forwarded-Server",
  "X-Forwarded-Scheme",
  "X-Forwarded-Ssl",
  "X-Forwarded-Prefix",
  "X-Forwarded-By",
  "X-Forwarded",
  "X-Real-IP",
  "X-Client-IP",
  "X-Cluster-Client-IP",
  "X-Original-Forwarded-For",
  "X-Original-Host",
  "X-Original-URL",
  "X-Rewrite-URL",
  "X-Host",
  "X-Scheme",
  "Client-IP",
  "True-Client-IP",
  "CF-Connecting-IP",
  "Fastly-Client-IP",
  "Fly-Client-IP",
  "Cluster-Client-IP",
  "Proxy-Client-IP",
  "WL-Proxy-Client-IP",
  "CF-Connecting-IPv6",
  "CF-Visitor",
  "CloudFront-Forwarded-Proto",
  "CloudFront-Viewer-Address",
  "Forwarded-For",
  "X-Forward-For",
  "X-Forwarded-Client-Cert",
  "X-Forwarded-Method",
  "X-Forwarded-Path",
  "X-Forwarded-Protocol",
  "X-Forwarded-Uri",
  "X-Forwarded-Authority",
  "X-Forwarded-Tls-Client-Cert",
  "X-Original-Proto",
  "X-Original-Remote-Addr",
  "X-Remote-User",
  "X-Real-Port",
  "X-SSL-Client-Verify",
  "X-Arr-SSL",
  "X-Azure-SocketIP",
  "X-Appengine-User-IP",
  "X-Proxy-Host",
  "X-Backend-Host",
  "X-Custom-IP-Authorization",
  "Ali-CDN-Real-IP",
  "CDN-Loop",
  "Remote-Addr",
  "SSL-Client-Cert",
  "Via",
  "X.Forwarded.For",
  "X-Forwarded-User",
  "X-Original-Method",
  "X-Original-URI",
  "X-Originating-IP",
  "X-Remote-Addr",
  "X-Remote-IP",
  "X-ProxyUser-IP",
  "X-Url-Scheme",
  "X-Azure-ClientIP",
  "X-Envoy-External-Address",
  "X-HTTP-Host-Override",
  "X-HTTP-Method",
  "X-HTTP-Method-Override",
  "X-Method-Override",
  "Front-End-Https",
  "Forwarded",
  "Proxy",
];
