import assert from "node:assert/strict";
import { once } from "node:events";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { connect as connectTls } from "node:tls";
import { openTo } from "../../shared/requests/proxy-client.ts";
import { type Edge, receivedRequests } from "../support/edge.ts";

/** Registers the tests of upgrades, streams and TLS. */
export function connectionCases(edge: () => Edge): void {
  test("an upgrade to WebSocket works in both directions; other protocols are not forwarded", async () => {
    const socket = await openTo();
    const key = Buffer.from("0123456789abcdef").toString("base64");
    const lines = ["GET /api/v1/stream/socket HTTP/1.1", "Host: localhost", "Connection: Upgrade"];
    socket.write(
      [...lines, "Upgrade: websocket", "Sec-WebSocket-Version: 13", `Sec-WebSocket-Key: ${key}`, "", ""].join("\r\n"),
    );
    const [head] = await once(socket, "data");
    assert.match(String(head), /^HTTP\/1\.1 101 /);
    for (const word of ["hello", "again"]) {
      socket.write(word);
      const [echoed] = await once(socket, "data");
      assert.equal(String(echoed), word);
    }
    socket.destroy();

    const other = await openTo();
    other.write(
      [lines[0]?.replace("socket", "h2c"), ...lines.slice(1), "Upgrade: h2c", "HTTP2-Settings: AAMAAABk", "", ""].join(
        "\r\n",
      ),
    );
    const [answer] = await once(other, "data");
    assert.match(String(answer), /^HTTP\/1\.1 200 /);
    assert.equal(receivedRequests(edge(), "/api/v1/stream/h2c")[0]?.headers["upgrade"], undefined);
    other.destroy();
  });

  test("an event of a stream is forwarded at once, without waiting for the next one", async () => {
    const sent: number[] = [];
    edge().backends.behave(async (_request, response) => {
      response.writeHead(200, { "Content-Type": "text/event-stream", "Cache-Control": "no-store" });
      for (let event = 0; event < 5; event += 1) {
        sent.push(performance.now());
        response.write("data: x\n\n");
        await sleep(300);
      }
      response.end();
    });
    const socket = await openTo();
    const arrived: number[] = [];
    socket.on("data", () => arrived.push(performance.now()));
    socket.write("GET /api/v1/stream HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    await once(socket, "close", { signal: AbortSignal.timeout(10_000) });
    edge().backends.behave();
    const delaysMs = sent
      .map((at) => (arrived.find((arrivedAt) => arrivedAt >= at) ?? Infinity) - at)
      .sort((a, b) => a - b);
    // The assertion is about the median, because the machine may stall occasionally.
    assert.ok((delaysMs[2] ?? Infinity) < 100, String(delaysMs));
  });

  test("TLS 1.2 and 1.3 are accepted, older versions and weak ciphers are not", async () => {
    const handshake = async (options: object) => {
      const socket = connectTls({ host: "127.0.0.1", port: 443, rejectUnauthorized: false, ...options });
      try {
        await once(socket, "secureConnect", { signal: AbortSignal.timeout(3000) });
        return socket.getProtocol();
      } catch {
        return "refused";
      } finally {
        socket.destroy();
      }
    };
    assert.equal(await handshake({ minVersion: "TLSv1.3" }), "TLSv1.3");
    assert.equal(await handshake({ maxVersion: "TLSv1.2" }), "TLSv1.2");
    assert.equal(
      await handshake({ minVersion: "TLSv1.1", maxVersion: "TLSv1.1", ciphers: "DEFAULT:@SECLEVEL=0" }),
      "refused",
    );
    assert.equal(await handshake({ maxVersion: "TLSv1.2", ciphers: "AES128-SHA:AES256-SHA:@SECLEVEL=0" }), "refused");
  });
}
