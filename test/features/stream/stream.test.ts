import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { eventually } from "../../shared/eventually.ts";
import { ask, open, raw, readAll } from "../../shared/requests/http.ts";
import { bearer, login, logout, type SignedIn } from "../../shared/requests/people.ts";
import { type OpenStream, openStream } from "../../shared/requests/stream.ts";
import { startStopwatch } from "../../shared/stopwatch.ts";
import {
  createRequest,
  insertWithoutNotification,
  moveRequest,
  newOwner,
} from "../../support/fixtures/maintenance-fixtures.ts";
import { startPair } from "../../support/two-instances.ts";

// The poll interval is longer than the tests, so the instances find every event through a notification.
const [one, two] = await startPair({
  STREAM_POLL_MS: "60000",
  STREAM_HEARTBEAT_MS: "400",
  STREAM_SESSION_CHECK_MS: "600",
  KEEP_ALIVE_TIMEOUT_MS: "1000",
});
const positionsOf = ({ events }: OpenStream) => events.map(({ position }) => position);
const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, index) => from + index);
const openStreamsOn = async (url: string) =>
  Number(/^streams_open (\d+)$/m.exec((await ask(`${url}/metrics`)).text)?.[1]);

test("both instances send each event with its position as the id, and with the content of the list of events", async () => {
  const owner = await newOwner(one.url);
  const streams = [await openStream(one.url, owner), await openStream(two.url, owner)];
  const id = await createRequest(one.url, owner);
  await moveRequest(two.url, owner, id, "in_progress");

  const list = await ask(`${one.url}/api/v1/maintenance-requests/${id}/events`, { headers: bearer(owner) });
  const { items } = list.json() as { items: unknown[] };
  for (const stream of streams) {
    await stream.until(2);
    const sent = stream
      .text()
      .split("\n\n")
      .filter((block) => block.includes("data:"));
    assert.deepEqual(
      sent
        .map((block) => /^id: (\d+)\ndata: (.+)$/.exec(block)?.slice(1))
        .map((match) => [match?.[0], JSON.parse(match?.[1] ?? "")]),
      [
        ["1", items[1]],
        ["2", items[0]],
      ],
    );
  }
});

test("a stream starts at once with the retry time and its position, and its headers turn off buffering", async () => {
  const owner = await newOwner(one.url);
  await insertWithoutNotification(one, owner, 3);
  const stream = await openStream(two.url, owner);
  await eventually(stream.lastEventId, (id) => id === "3");
  assert.ok(stream.text().startsWith("retry: 2000\n\nid: 3\n\n"), stream.text());
  const { "content-type": type, "cache-control": cache, "x-accel-buffering": buffering } = stream.headers;
  assert.deepEqual([stream.status, type, cache, buffering], [200, "text/event-stream", "no-cache", "no"]);
});

test("a stream resumes on any instance after the position in the header, or in the query without the header; without a position it sends only new events", async () => {
  const owner = await newOwner(one.url);
  await insertWithoutNotification(one, owner, 250);
  const [fromStart, fromQuery, fromHeader, fromFuture, withoutPosition] = [
    await openStream(one.url, owner, { lastEventId: 0 }),
    await openStream(two.url, owner, { query: "?lastEventId=245" }),
    await openStream(two.url, owner, { lastEventId: 248, query: "?lastEventId=100" }),
    await openStream(one.url, owner, { lastEventId: "9999999999999999999" }),
    await openStream(one.url, owner, { lastEventId: "" }),
  ];
  await createRequest(one.url, owner);
  for (const [stream, from] of [
    [fromStart, 1],
    [fromQuery, 246],
    [fromHeader, 249],
    [fromFuture, 251],
    [withoutPosition, 251],
  ] as const) {
    await stream.until(252 - from);
    assert.deepEqual(positionsOf(stream), range(from, 251));
  }
});

test("an invalid position gets 400 with the name of the header or parameter", async () => {
  const owner = await newOwner(one.url);
  for (const invalid of ["-1", "1.5", "abc", "1, 2", "12345678901234567890", "0x10"]) {
    const byHeader = await ask(`${one.url}/api/v1/stream`, { headers: { ...bearer(owner), "last-event-id": invalid } });
    const byQuery = await ask(`${one.url}/api/v1/stream?lastEventId=${encodeURIComponent(invalid)}`, {
      headers: bearer(owner),
    });
    for (const [answer, path] of [
      [byHeader, "Last-Event-ID"],
      [byQuery, "lastEventId"],
    ] as const) {
      const { errors } = answer.json() as { errors: { path: string }[] };
      assert.deepEqual([answer.status, errors.map((error) => error.path)], [400, [path]], invalid);
    }
  }
});

test("a stream sends only the events of its owner, and a request without credentials gets 401", async () => {
  const [ana, ben] = [await newOwner(one.url), await newOwner(one.url)];
  const streams = [await openStream(one.url, ana, { lastEventId: 0 }), await openStream(two.url, ben)];
  const repairs = [await createRequest(two.url, ana), await createRequest(one.url, ben)];
  for (const [index, stream] of streams.entries()) {
    await stream.until(1);
    await sleep(100);
    assert.deepEqual(
      stream.events.map(({ requestId }) => requestId),
      [repairs[index]],
    );
  }
  assert.equal((await ask(`${one.url}/api/v1/stream`)).status, 401);
});

test("HEAD gets the headers only, and clients with HTTP/1.0 or Connection: close get events", async () => {
  const owner = await newOwner(one.url);
  const head = await ask(`${one.url}/api/v1/stream`, { method: "HEAD", headers: bearer(owner) });
  assert.deepEqual([head.status, head.headers["content-type"], head.text], [200, "text/event-stream", ""]);

  const line = `authorization: ${bearer(owner).authorization}\r\nlast-event-id: 0\r\n`;
  await createRequest(one.url, owner);
  const old = raw(one.port, `GET /api/v1/stream HTTP/1.0\r\n${line}\r\n`, 300);
  const closing = raw(one.port, `GET /api/v1/stream HTTP/1.1\r\nHost: a\r\nConnection: close\r\n${line}\r\n`, 300);
  assert.match(
    await old,
    /^HTTP\/1\.1 200(?![\s\S]*chunked)[\s\S]*\r\n\r\nretry: 2000\n\nid: 0\n\nid: 1\ndata: \{.*\}\n\n/,
  );
  assert.match(await closing, /^HTTP\/1\.1 200[\s\S]*id: 1\ndata: \{/);
});

test("heartbeats keep an idle stream open and are not events", async () => {
  const owner = await newOwner(one.url);
  const stream = await openStream(one.url, owner);
  await eventually(stream.heartbeats, (count) => count === 3, 2000);
  assert.match(stream.text(), /^retry: 2000\n\nid: 0\n\n:\n\n:\n\n:\n\n$/);
});

describe("a stream ends within a second of its session, and streams of other sessions stay open", {
  concurrency: 2,
}, () => {
  const causes: [string, (owner: SignedIn, phone: SignedIn) => Promise<unknown>][] = [
    ["after a logout on the other instance", (_, phone) => logout(two.url, phone)],
    [
      "after a revocation from another session",
      (owner, { sessionId }) =>
        ask(`${two.url}/api/v1/auth/sessions/${sessionId}`, { method: "DELETE", headers: bearer(owner) }),
    ],
  ];
  for (const [cause, endSession] of causes) {
    test(cause, async () => {
      const owner = await newOwner(one.url);
      const phone = await login(one.url, owner);
      const [first, second, other] = [
        await openStream(one.url, phone),
        await openStream(one.url, phone),
        await openStream(one.url, owner),
      ];
      await sleep(700);
      assert.equal(first.isClosed(), false);
      await endSession(owner, phone);
      const elapsedMs = startStopwatch();
      assert.deepEqual(await Promise.all([first.closed, second.closed]), ["ended", "ended"]);
      assert.ok(elapsedMs() < 1000, `${elapsedMs()} ms`);
      await createRequest(two.url, owner);
      await other.until(1);
    });
  }
});

test("the expiry of its access token does not end a stream", async () => {
  const [brief] = await startPair({ ACCESS_TOKEN_TTL: "1", STREAM_SESSION_CHECK_MS: "200" });
  const owner = await newOwner(brief.url);
  const stream = await openStream(brief.url, owner);
  await sleep(1600);
  await insertWithoutNotification(brief, owner);
  await stream.until(1);
});

test("a stream above the limit of the instance gets 503", async () => {
  const [small] = await startPair({ STREAM_MAX: "2", STREAM_MAX_PER_USER: "2" });
  const owner = await newOwner(small.url);
  const first = await openStream(small.url, owner);
  await openStream(small.url, owner);
  const refused = await ask(`${small.url}/api/v1/stream`, { headers: bearer(owner) });
  assert.deepEqual([refused.status, refused.headers["retry-after"]], [503, "5"]);
  assert.equal((refused.json() as { code: string }).code, "overloaded");
  first.close();
  await eventually(
    () => openStreamsOn(small.url),
    (count) => count === 1,
  );
  assert.equal((await openStream(small.url, owner)).status, 200);
});

test("a stream above the limit of its user gets 429, while another user gets a stream", async () => {
  const [small] = await startPair({ STREAM_MAX: "20" });
  const [ana, ben] = [await newOwner(small.url), await newOwner(small.url)];
  const streams = await Promise.all(range(1, 10).map(() => openStream(small.url, ana)));
  const refused = await ask(`${small.url}/api/v1/stream`, { headers: bearer(ana) });
  assert.deepEqual([refused.status, refused.headers["retry-after"]], [429, "5"]);
  assert.equal((refused.json() as { code: string }).code, "rate_limited");
  assert.equal((await openStream(small.url, ben)).status, 200);
  streams[0]?.close();
  await eventually(
    () => openStreamsOn(small.url),
    (count) => count === 10,
  );
  assert.equal((await openStream(small.url, ana)).status, 200);
});

test("the stream of a client that disconnects is closed, also if the client disconnects during authentication", async () => {
  const owner = await newOwner(one.url);
  const before = await openStreamsOn(one.url);
  const request = `GET /api/v1/stream HTTP/1.1\r\nHost: a\r\nauthorization: ${bearer(owner).authorization}\r\n\r\n`;
  const sockets = await Promise.all(range(1, 40).map(() => open(one.port)));
  for (const [index, socket] of sockets.entries()) {
    socket.write(request);
    setTimeout(() => socket.resetAndDestroy(), index / 4);
  }
  await Promise.all(sockets.map((socket) => readAll(socket, 2000)));
  await eventually(
    () => openStreamsOn(one.url),
    (count) => count === before,
  );
  const later = await openStream(one.url, owner);
  await createRequest(one.url, owner);
  await later.until(1);
});

test("the log line of a stream has the address of the client, not of the proxy", async () => {
  const owner = await newOwner(one.url);
  const headers = { ...bearer(owner), "x-forwarded-for": "198.51.100.7" };
  const stream = ask(`${one.url}/api/v1/stream`, { headers });
  await sleep(200);
  await logout(one.url, owner);
  const id = (await stream).headers["x-request-id"];
  const line = await eventually(
    () => one.logs.find(({ requestId }) => requestId === id),
    (logLine) => logLine !== undefined,
  );
  assert.equal(line?.["address"], "198.51.100.7");
});
