import assert from "node:assert/strict";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { readFileSync, writeFileSync } from "node:fs";
import { after, before, beforeEach, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { atEnd } from "../shared/at-end.ts";
import { eventually } from "../shared/eventually.ts";
import { ask as askUrl, readAll } from "../shared/requests/http.ts";
import { freshAddress, openTo, send } from "../shared/requests/proxy-client.ts";
import { hostOf, type Name, names } from "../shared/servers/fleet.ts";
import { haproxyDetection } from "../shared/servers/haproxy-detection.ts";
import { nginxIsAtLeast, serverStates, startHaproxy, startNginx, stopProxy } from "../shared/servers/proxies.ts";
import { startFakeUpstreams } from "./support/fake-upstreams.ts";

const backends = await startFakeUpstreams();
// After every test, the ports are free and three instances are healthy for the next one.
beforeEach(async () => {
  await stopProxy();
  await backends.restore();
  backends.behave((_request, response, name) => response.end(name));
});

const ask = async (headers: Record<string, string> = {}, from = freshAddress(), tls = false) => {
  const { status, headers: answered, text } = await send("/api/v1/who", { headers, from, tls });
  assert.equal(status, 200);
  return { name: text, cookie: answered["set-cookie"]?.find((one) => one.startsWith("haven_affinity=")) };
};
const repeat = <T>(count: number, action: () => Promise<T>) => Promise.all(Array.from({ length: count }, action));
const distinct = <T>(values: readonly T[]) => [...new Set(values)];

type User = () => Promise<{ name: string }>;

/** Adds users until each instance has some, because their distribution may be random. */
async function usersEverywhere(newUser: () => Promise<User>): Promise<User[]> {
  const users = await repeat(15, newUser);
  const instances = new Set((await Promise.all(users.map((user) => user()))).map(({ name }) => name));
  while (instances.size < names.length && users.length < 100) {
    const user = await newUser();
    users.push(user);
    instances.add((await user()).name);
  }
  return users;
}

/**
 * Stops one instance and checks that only its users move. Returns the instances of the users before the stop and after
 * the restart.
 */
async function checkStickiness(users: readonly User[], limitMs: number) {
  const instancesOfUsers = async () => (await Promise.all(users.map((user) => user()))).map(({ name }) => name);
  const first = await instancesOfUsers();
  assert.equal(distinct(first).length, 3, String(first));
  for (let times = 0; times < 3; times += 1) assert.deepEqual(await instancesOfUsers(), first);

  const stopped: Name = "api-server-2";
  await backends.close(stopped);
  for (let times = 0; times < 5; times += 1) {
    const now = await instancesOfUsers();
    assert.equal(now.includes(stopped), false);
    // Only the users of that instance have moved.
    for (const [index, name] of now.entries()) if (first[index] !== stopped) assert.equal(name, first[index]);
  }
  await backends.open(stopped);
  const afterRestart = await eventually(instancesOfUsers, (now) => now.includes(stopped), limitMs, 200);
  return { first, afterRestart };
}

describe("affinity in nginx", () => {
  test("by cookie: a browser stays with its instance, moves when that instance dies, and no request fails", async () => {
    await startNginx({ variants: ["upstream-affinity-cookie.conf"] });
    const users = await usersEverywhere(async () => {
      const { name, cookie = "" } = await ask();
      assert.match(cookie, /^haven_affinity=[0-9a-f]{32}; Path=\/; HttpOnly; SameSite=Lax$/);
      assert.doesNotMatch(cookie, /127\.|api-server/);
      const headers = { cookie: cookie.split(";")[0] ?? "" };
      const again = await ask(headers);
      assert.deepEqual(again, { name, cookie: undefined }, "the cookie leads to the instance of the first response");
      return () => ask(headers);
    });
    const { first, afterRestart } = await checkStickiness(users, 10_000);
    assert.equal(first.length, afterRestart.length);
    assert.match((await ask({}, freshAddress(), true)).cookie ?? "", /; Secure$/);
  });

  test("by the cookie of NGINX 1.29.6: a client moves only when its instance stops, or is marked down, and not when it drains", async (t) => {
    if (!(await nginxIsAtLeast("1.29.6"))) return t.diagnostic("not run: needs NGINX 1.29.6 or newer");
    const nginx = await startNginx({ variants: ["upstream-affinity-cookie-from-1.29.6.conf"] });
    const users = await usersEverywhere(async () => {
      const first = await ask();
      assert.match(first.cookie ?? "", /^haven_affinity=[0-9a-f]{32}; httponly; secure; samesite=lax; path=\/$/i);
      let cookie = first.cookie ?? "";
      return async () => {
        const answer = await ask({ cookie: cookie.split(";")[0] ?? "" });
        cookie = answer.cookie ?? cookie;
        return answer;
      };
    });
    const instancesOfUsers = async () => (await Promise.all(users.map((user) => user()))).map(({ name }) => name);
    const first = await instancesOfUsers();
    assert.equal(distinct(first).length, 3, String(first));
    assert.deepEqual(await instancesOfUsers(), first);

    const upstream = "/etc/nginx/haven/upstream.conf";
    const shipped = readFileSync(upstream, "utf8");
    writeFileSync(upstream, shipped.replaceAll(/(api-server-2:4000) /g, "$1 drain "));
    await nginx.reload();
    await eventually(
      () => repeat(12, () => ask()),
      (answers) => !answers.some(({ name }) => name === "api-server-2"),
    );
    assert.deepEqual(await instancesOfUsers(), first);
    writeFileSync(upstream, shipped);
    await nginx.reload();

    await backends.close("api-server-2");
    for (let times = 0; times < 5; times += 1) {
      for (const [index, name] of (await instancesOfUsers()).entries())
        if (first[index] === "api-server-2") assert.notEqual(name, "api-server-2");
        else assert.equal(name, first[index]);
    }
    await backends.open("api-server-2");
    await eventually(
      () => repeat(6, () => ask()),
      (answers) => answers.some(({ name }) => name === "api-server-2"),
      10_000,
      200,
    );
  });

  test("by header: a key stays with its instance, and requests without a key are distributed", async () => {
    await startNginx({ variants: ["upstream-affinity-header.conf"] });
    const users = Array.from({ length: 15 }, (_, index) => () => ask({ "x-affinity-key": `key-${index}` }));
    await checkStickiness(users, 10_000);
    assert.equal(distinct((await repeat(20, () => ask())).map(({ name }) => name)).length, 3);
  });

  test("by address: a client stays with its instance", async () => {
    await startNginx({ variants: ["upstream-affinity-address.conf"] });
    const users = Array.from({ length: 15 }, () => freshAddress()).map((from) => () => ask({}, from));
    await checkStickiness(users, 10_000);
  });
});

test("affinity in haproxy by cookie: a browser stays with its instance, moves when that instance dies, and no request fails", async () => {
  await startHaproxy({ env: { HAVEN_AFFINITY: "cookie" } });
  const users = await usersEverywhere(async () => {
    const first = await ask();
    let cookie = first.cookie ?? "";
    assert.match(cookie, /^haven_affinity=[0-9a-f]+; path=\/; HttpOnly; SameSite=Lax$/i);
    return async () => {
      const answer = await ask({ cookie: cookie.split(";")[0] ?? "" });
      cookie = answer.cookie ?? cookie;
      return answer;
    };
  });
  // A client that was moved has a new cookie and does not move back. New clients reach the instance when its checks pass.
  const instancesOfUsers = async () => (await Promise.all(users.map((user) => user()))).map(({ name }) => name);
  const first = await instancesOfUsers();
  assert.equal(distinct(first).length, 3);
  assert.deepEqual(await instancesOfUsers(), first);
  await backends.close("api-server-2");
  for (let times = 0; times < 5; times += 1) {
    const now = await instancesOfUsers();
    assert.equal(now.includes("api-server-2"), false);
    for (const [index, name] of now.entries()) if (first[index] !== "api-server-2") assert.equal(name, first[index]);
  }
  await backends.open("api-server-2");
  await eventually(
    () => repeat(6, () => ask()),
    (answers) => answers.some(({ name }) => name === "api-server-2"),
    10_000,
    200,
  );
  assert.match((await ask({}, freshAddress(), true)).cookie ?? "", /; Secure$/);
});

describe("with an affinity cookie", () => {
  for (const [name, start] of [
    ["nginx", () => startNginx({ variants: ["upstream-affinity-cookie.conf"] })],
    ["nginx from 1.29.6 on", () => startNginx({ variants: ["upstream-affinity-cookie-from-1.29.6.conf"] })],
    ["haproxy", () => startHaproxy({ env: { HAVEN_AFFINITY: "cookie" } })],
  ] as const) {
    test(`${name} sets no cookie with an image or a probe, and an image does not move a browser`, async (t) => {
      const since = / from ([\d.]+) on$/.exec(name)?.[1];
      if (since !== undefined && !(await nginxIsAtLeast(since))) return t.diagnostic(`for nginx ${since} and newer`);
      await start();
      backends.behave((request, response, instance) => {
        if (request.url?.startsWith("/uploads/")) response.setHeader("Cache-Control", "public, max-age=60");
        response.end(instance);
      });
      const first = await ask();
      const cookie = first.cookie?.split(";")[0] ?? "";
      for (const path of [...Array.from({ length: 9 }, (_, index) => `/uploads/${index}.webp`), "/ready", "/alive"]) {
        for (const headers of [{ cookie }, {}]) {
          const answer = await send(path, { headers });
          assert.equal(answer.status, 200);
          assert.equal(answer.headers["set-cookie"], undefined, path);
          if (path.startsWith("/uploads/")) assert.equal(answer.headers["cache-control"], "public, max-age=60");
        }
      }
      const again = await ask({ cookie });
      assert.equal(again.name, first.name);
      // NGINX from 1.29.6 on sends the same cookie again.
      if (since === undefined) assert.equal(again.cookie, undefined);
      else assert.equal(again.cookie?.split(";")[0], cookie);
    });
  }
});

test("haproxy accepts any configured password for its stats page", async () => {
  for (const password of ["a,b", 'it\'s "quoted" (well)', "p:a$s%{x}"]) {
    await startHaproxy({ env: { HAPROXY_STATS_PASSWORD: password } });
    const status = async (word: string) => {
      const authorization = `Basic ${Buffer.from(`haven:${word}`).toString("base64")}`;
      return (await askUrl("http://127.0.0.1:8404/stats", { headers: { authorization } })).status;
    };
    assert.deepEqual([await status(password), await status("wrong")], [200, 401], password);
    await stopProxy();
  }
});

test("haproxy hides its stats page while the password is empty", async () => {
  const authorization = `Basic ${Buffer.from("haven:").toString("base64")}`;
  await startHaproxy({ env: { HAPROXY_STATS_PASSWORD: "" } });
  for (const headers of [{ authorization }, {}]) {
    assert.equal((await askUrl("http://127.0.0.1:8404/stats", { headers })).status, 404);
  }
});

describe("a scaled set-up", () => {
  let addresses: readonly Name[] = names.slice(0, 2);
  before(() => startDns(() => addresses.map(hostOf)));
  after(() => {
    addresses = names;
  });

  const checkScaling = async () => {
    addresses = names.slice(0, 2);
    // no server is known before the first DNS lookup
    await eventually(
      () => send("/api/v1/who"),
      ({ status }) => status === 200,
      8000,
      100,
    );
    const respondingInstances = () =>
      repeat(12, () => ask()).then((answers) => distinct(answers.map(({ name }) => name)).sort());
    await eventually(respondingInstances, (all) => all.length === 2, 8000, 100);
    addresses = names;
    await eventually(respondingInstances, (all) => all.length === 3, 12_000, 200);
    await backends.close("api-server-3");
    for (let times = 0; times < 3; times += 1) await repeat(10, () => ask());
    addresses = names.slice(0, 2);
    await backends.open("api-server-3");
  };

  for (const variant of ["upstream-scaled.conf", "upstream-scaled-from-1.27.3.conf"]) {
    test(`nginx with ${variant} finds new instances, and no request fails when instances stop`, async (t) => {
      const since = /from-([\d.]+)\.conf/.exec(variant)?.[1];
      if (since !== undefined && !(await nginxIsAtLeast(since))) return t.diagnostic(`for nginx ${since} and newer`);
      await startNginx({ variants: [variant] });
      await checkScaling();
    });
  }

  test("haproxy finds new instances, and no request fails when instances stop", async () => {
    await startHaproxy({ env: { HAVEN_SCALED: "yes" }, until: "answers" });
    await checkScaling();
  });
});

describe("behind another balancer", () => {
  const proxyProtocol = async (bytes: string, start: () => Promise<unknown>) => {
    await start();
    const socket = await openTo(80, "127.0.0.1");
    socket.write(`PROXY TCP4 198.51.100.7 10.0.0.1 4711 80\r\n${bytes}`);
    const answer = await readAll(socket, 1500);
    assert.match(answer, /^HTTP\/1\.1 200/, answer);
    return backends.received.at(-1)?.headers;
  };
  const request = "GET /api/v1/who HTTP/1.1\r\nHost: a\r\nConnection: close\r\n";
  const forged = "X-Forwarded-For: 203.0.113.66\r\nX-Forwarded-Proto: https\r\n\r\n";

  for (const [name, start] of [
    ["nginx", () => startNginx({ variants: ["listen-proxy-protocol.conf"] })],
    ["haproxy", () => startHaproxy({ env: { HAVEN_BEHIND: "proxy-protocol" } })],
  ] as const) {
    test(`${name} takes the client's address from the PROXY protocol only, not from a header`, async () => {
      const headers = await proxyProtocol(request + forged, start);
      assert.equal(headers?.["x-forwarded-for"], "198.51.100.7");
      assert.equal(headers?.["x-forwarded-proto"], "http");
    });
  }

  for (const [name, start] of [
    ["nginx", () => startNginx({ variants: ["client-behind-balancer.conf"] })],
    ["haproxy", () => startHaproxy({ env: { HAVEN_BEHIND: "balancer" } })],
  ] as const) {
    test(`${name} trusts only what a load balancer added to the forwarded headers`, async () => {
      await start();
      const claim = { "x-forwarded-for": "203.0.113.66, 198.51.100.7", "x-forwarded-proto": "https" };
      const from = (address: string) => send("/api/v1/who", { headers: claim, from: address });
      const throughBalancer = await from("127.0.0.1");
      const received = backends.received.at(-1)?.headers;
      assert.deepEqual([received?.["x-forwarded-for"], received?.["x-forwarded-proto"]], ["198.51.100.7", "https"]);
      assert.ok(throughBalancer.headers["strict-transport-security"]);
      const stranger = freshAddress();
      await from(stranger);
      const receivedFromStranger = backends.received.at(-1)?.headers;
      assert.deepEqual(
        [receivedFromStranger?.["x-forwarded-for"], receivedFromStranger?.["x-forwarded-proto"]],
        [stranger, "http"],
      );
      // The limit counts the client, not the balancer.
      const answers = await repeat(60, () =>
        send("/api/v1/who", { from: "127.0.0.1", headers: { "x-forwarded-for": freshAddress() } }),
      );
      assert.ok(answers.every(({ status }) => status === 200));
    });
  }
});

describe("https only", () => {
  for (const [name, start] of [
    ["nginx", () => startNginx({ variants: ["https-only.conf"] })],
    ["haproxy", () => startHaproxy({ env: { HAVEN_HTTPS_ONLY: "yes" } })],
  ] as const) {
    test(`${name} redirects plain HTTP to HTTPS with the method, and answers probes`, async () => {
      await start();
      const overPlainHttp = await send("/api/v1/who?x=1", {
        method: "POST",
        body: "{}",
        headers: { host: "api.haven.com", "x-forwarded-proto": "https" },
      });
      assert.equal(overPlainHttp.status, 308);
      assert.equal(overPlainHttp.headers["location"], "https://api.haven.com/api/v1/who?x=1");
      const socket = await openTo();
      socket.write("GET no-path HTTP/1.1\r\nHost: a\r\n\r\n");
      assert.match(await readAll(socket, 1000), /^HTTP\/1\.1 400 /);
      assert.equal((await send("/ready")).status, 200);
      assert.equal((await send("/api/v1/who", { tls: true })).status, 200);
    });
  }
});

test("haproxy removes an instance that returns 200 without ready:true, if configured to read the body", async () => {
  const status = async () => (await serverStates())["api-server-3"]?.status;
  await startHaproxy();
  backends.halfReady("api-server-3");
  await sleep(3500);
  assert.equal(await status(), "UP");
  await stopProxy();
  backends.halfReady();
  await startHaproxy({ env: { HAVEN_CHECK: "body" } });
  backends.halfReady("api-server-3");
  await eventually(status, (now) => now === "DOWN", haproxyDetection().notReadyMs + 500);
  backends.halfReady();
  await eventually(status, (now) => now === "UP", 4000);
});

test("haproxy stops sending requests to an unready instance within the time that haproxy.cfg states", async () => {
  await startHaproxy();
  backends.notReady("api-server-1");
  await sleep(haproxyDetection().notReadyMs + 200);
  const answers = await repeat(15, () => ask());
  assert.equal(
    answers.some(({ name }) => name === "api-server-1"),
    false,
  );
  backends.notReady(...names);
  await sleep(haproxyDetection().notReadyMs + 200);
  const answer = await send("/api/v1/who");
  assert.equal(answer.status, 503);
  assert.ok(answer.ms < 500);
  backends.notReady();
  await eventually(
    () => send("/api/v1/who"),
    ({ status }) => status === 200,
    haproxyDetection().recoveryMs + 1000,
  );
});

/** Starts a DNS server with one name, which resolves to the addresses of the current instances. */
async function startDns(addresses: () => readonly string[]): Promise<void> {
  const socket = createSocket("udp4");
  socket.on("message", (query, peer) => {
    const end = query.indexOf(0, 12) + 5;
    const question = query.subarray(12, end);
    const found = question.readUInt16BE(question.length - 4) === 1 ? addresses() : [];
    const head = Buffer.from([query[0] ?? 0, query[1] ?? 0, 0x81, 0x80, 0, 1, 0, found.length, 0, 0, 0, 0]);
    const records = found.map((address) =>
      Buffer.from([0xc0, 0x0c, 0, 1, 0, 1, 0, 0, 0, 1, 0, 4, ...address.split(".").map(Number)]),
    );
    socket.send(Buffer.concat([head, question, ...records]), peer.port, peer.address);
  });
  socket.bind(53, "127.0.0.11");
  await once(socket, "listening");
  atEnd(() => socket.close());
  await sleep(0);
}
