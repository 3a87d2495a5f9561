import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { readConfig } from "../../src/config/read-config.ts";
import { ConfigError } from "../../src/config/setting-problems.ts";
import { envExample, settingsPage } from "../../src/config/settings-page.ts";
import { variables } from "../../src/config/variables.ts";

const good = {
  NODE_ENV: "production",
  DATABASE_URL: "postgres://haven:pw@db.internal/haven",
  REDIS_URL: "redis://cache.internal:6379",
  JWT_SECRET: "0f1e2d3c4b5a69788796a5b4c3d2e1f00f1e2d3c",
};

function problemsOf(environment: Record<string, string>): ConfigError["problems"] {
  try {
    readConfig(environment);
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
  return [];
}

const problemVariables = (environment: Record<string, string>) =>
  problemsOf(environment).map(({ variable }) => variable);

test("development requires no settings", () => {
  const config = readConfig({});
  assert.equal(config.http.port, 4000);
  assert.equal(config.postgres.url, undefined);
  assert.deepEqual(config.drain, { delayMs: 0, lingerMs: 0, timeoutMs: 5000 });
});

test("production has the drain times for a server behind a load balancer", () => {
  assert.deepEqual(readConfig(good).drain, { delayMs: 8000, lingerMs: 3000, timeoutMs: 25_000 });
});

test("the default limit of one user is at most half of the capacity", () => {
  const shares = (environment: Record<string, string>) => {
    const { stream, photos } = readConfig(environment);
    return [stream.maxPerUser, photos.maxPerUser];
  };
  assert.deepEqual(shares({}), [50, 6]);
  assert.deepEqual(shares({ STREAM_MAX: "20", UPLOAD_MEMORY_BYTES: "20000000" }), [10, 2]);
  assert.deepEqual(shares({ STREAM_MAX: "1", IMAGE_QUEUE_LENGTH: "0" }), [1, 1]);
  assert.deepEqual(shares({ STREAM_MAX_PER_USER: "2000", UPLOAD_MAX_PER_USER: "36" }), [2000, 36]);
});

test("production lists all missing settings at once", () => {
  assert.deepEqual(problemVariables({ NODE_ENV: "production" }), ["DATABASE_URL", "REDIS_URL", "JWT_SECRET"]);
});

test("missing and malformed settings are listed together", () => {
  const names = problemVariables({ NODE_ENV: "production", PORT: "80a", TRUST_PROXY: "1", REDIS_URL: "http://x" });
  for (const name of ["PORT", "TRUST_PROXY", "REDIS_URL", "DATABASE_URL", "JWT_SECRET"])
    assert.ok(names.includes(name), name);
});

test("contradicting and malformed settings are listed together", () => {
  const names = problemVariables({
    ...good,
    DB_POOL_MAX: "abc",
    PORT: "15200",
    MANAGEMENT_PORT: "15200",
    REDIS_HOST: "b",
    REDIS_SENTINEL_NAME: "main",
  });
  assert.deepEqual(names.sort(), ["DB_POOL_MAX", "MANAGEMENT_PORT", "REDIS_SENTINELS", "REDIS_URL"]);
  assert.deepEqual(problemVariables({ MANAGEMENT_PORT: "4000" }), ["MANAGEMENT_PORT"]);
});

test("an OPS_TOKEN from an example is rejected", () => {
  for (const token of ["changeme-changeme-changeme", "your-token-goes-here", " ".repeat(20)])
    assert.deepEqual(problemVariables({ ...good, OPS_TOKEN: token }), ["OPS_TOKEN"], token);
});

test("production rejects an OPS_TOKEN shorter than 16 bytes, and development accepts any", () => {
  for (const token of ["x", "fifteen-bytes-x"])
    assert.deepEqual(problemsOf({ ...good, OPS_TOKEN: token }), [
      { variable: "OPS_TOKEN", message: "must have at least 16 bytes" },
    ]);
  assert.deepEqual(problemVariables({ ...good, OPS_TOKEN: "sixteen-bytes-xy" }), []);
  assert.deepEqual(problemVariables({ OPS_TOKEN: "x" }), []);
});

for (const ranges of [
  "0.0.0.0/0",
  "1.2.3.4/0",
  "::/0",
  "0.0.0.0/1",
  "0.0.0.0/1,128.0.0.0/1",
  "128.0.0.0/2, 192.0.0.0/2, 64.0.0.0/2, 0.0.0.0/2",
  Array.from({ length: 17 }, (_, i) => `${i * 10}.0.0.0/8`).join(),
  "2000::/3",
  "2000::/4,3000::/4",
  "::ffff:0:0/96",
  "::ffff:0.0.0.0/97,::ffff:128.0.0.0/97",
  "::/64",
  "loopback,0.0.0.0/0",
]) {
  test(`TRUST_PROXY rejects ${ranges.slice(0, 60)}, which includes every client, also outside production`, () => {
    const [problem, ...others] = problemsOf({ TRUST_PROXY: ranges });
    assert.match(`${problem?.variable} ${problem?.message}`, /^TRUST_PROXY must not include every client/);
    assert.deepEqual(others, []);
  });
}

test("TRUST_PROXY accepts all named ranges together, and ranges of clouds and CDNs", () => {
  for (const ranges of [
    "loopback,linklocal,uniquelocal",
    "10.0.0.0/8,10.0.0.0/8,10.1.0.0/16",
    "35.191.0.0/16,130.211.0.0/22,104.16.0.0/13,2400:cb00::/32,2606:4700::/32",
    "10.186.42.10,10.186.42.11,::1,fe80::1:2",
    "::ffff:10.0.0.0/104",
  ])
    assert.deepEqual(problemVariables({ TRUST_PROXY: ranges }), [], ranges);
});

test("no message repeats a value", () => {
  const secret = "hunter2-hunter2";
  const environment = Object.fromEntries(Object.keys(variables.shape).map((name) => [name, secret]));
  assert.doesNotMatch(JSON.stringify(problemsOf({ ...environment, NODE_ENV: "production" })), /hunter2/);
});

for (const weak of [
  "short",
  "your-super-secret-jwt-key",
  "change-me-change-me-change-me-change-me",
  "<put a long secret here, please, now>",
]) {
  test(`production rejects the secret ${JSON.stringify(weak)}, also as a previous one`, () => {
    assert.ok(problemVariables({ ...good, JWT_SECRET: weak }).includes("JWT_SECRET"));
    assert.ok(problemVariables({ ...good, JWT_SECRET_PREVIOUS: weak }).includes("JWT_SECRET_PREVIOUS"));
    const list = `${good.JWT_SECRET}, ${weak}`;
    assert.deepEqual([...new Set(problemVariables({ ...good, JWT_SECRET_PREVIOUS: list }))], ["JWT_SECRET_PREVIOUS"]);
    assert.doesNotMatch(JSON.stringify(problemsOf({ ...good, JWT_SECRET_PREVIOUS: list })), new RegExp(weak));
  });
}

test("previous secrets are a list in which spaces around commas are ignored", () => {
  const [first, second] = ["a".repeat(20), "b".repeat(20)].map((half) => half + half.toUpperCase());
  const { auth } = readConfig({ ...good, JWT_SECRET_PREVIOUS: `${first}, ${second},` });
  assert.deepEqual(auth.previousSecrets, [first, second]);
  assert.deepEqual(readConfig(good).auth.previousSecrets, []);
});

test("the session cookie has a __Host- name in production unless a name is set", () => {
  assert.equal(readConfig(good).auth.cookieName, "__Host-haven_session");
  assert.equal(readConfig({ ...good, SESSION_COOKIE_NAME: "sid" }).auth.cookieName, "sid");
  assert.equal(readConfig({}).auth.cookieName, "haven_session");
});

test("an empty variable counts as unset", () => {
  assert.equal(readConfig({ PORT: "", REDIS_PASSWORD: "" }).http.port, 4000);
});

for (const [name, value] of [
  ["PORT", "-1"],
  ["PORT", "65536"],
  ["PORT", "4e3"],
  ["TRUST_PROXY", "2"],
  ["TRUST_PROXY", "10.0.0.0/33"],
  ["HEALTH_PATHS", "/health=alive"],
  ["READY_REQUIRES", "postgres,mysql"],
  ["READY_REQUIRES", ","],
  ["LOG_LEVEL", "loud"],
  ["DB_POOL_MAX", "0"],
  ["SESSION_TTL", "1.5"],
  ["REDIS_SENTINELS", "a:1,b"],
] as const) {
  test(`${name}=${value} is rejected`, () => assert.ok(problemVariables({ [name]: value }).includes(name)));
}

test("two addresses of Redis are rejected, and so are incomplete Sentinel settings", () => {
  assert.deepEqual(problemVariables({ REDIS_URL: "redis://a", REDIS_HOST: "b" }), ["REDIS_URL"]);
  assert.deepEqual(problemVariables({ REDIS_SENTINELS: "a:26379" }), ["REDIS_SENTINEL_NAME"]);
});

for (const [url, problem] of [
  ["redis://:p#ss@cache:6379", /written as %23/],
  ["redis://app:1#23@cache:6379", /written as %23/],
  ["redis://:p/ss@cache:6379", /written as %23 %2F/],
  ["redis://:100%@cache", /%25/],
  ["redis://cache:6379/notes", /the number of a database/],
  ["redis://cache:6379?db=1", /not as \?db=1/],
  ["http://cache:6379", /starts with redis:/],
] as const) {
  test(`REDIS_URL=${url} is rejected with a message that says what to change`, () => {
    const messages = problemsOf({ REDIS_URL: url }).map(({ message }) => message);
    assert.ok(
      messages.some((message) => problem.test(message)),
      messages.join(),
    );
  });
}

test("a URL of Redis with an encoded password is accepted", () => {
  assert.deepEqual(problemVariables({ REDIS_URL: "rediss://app:p%23%2F%3F%25%40ss@[::1]:6380/2" }), []);
});

test("a line break at the end of a variable is left out", () => {
  const url = "postgres://haven:pw@db.internal/haven";
  const config = readConfig({ DATABASE_URL: `${url}\n`, REDIS_HOST: "h", REDIS_PASSWORD: "p \r\n", OPS_TOKEN: "\n" });
  assert.equal(config.postgres.url, url);
  assert.equal(config.redis.target?.password, "p ");
  assert.equal(config.health.opsToken, undefined);
});

test("incomplete settings of a bucket are rejected, and the missing ones are listed", () => {
  const half = { S3_BUCKET: "haven", S3_ENDPOINT: "https://s3.example.org" };
  assert.deepEqual(problemVariables(half), ["S3_REGION"]);
  assert.deepEqual(problemVariables({ ...half, S3_ACCESS_KEY_ID: "k" }), ["S3_REGION", "S3_SECRET_ACCESS_KEY"]);
  const whole = { ...half, S3_REGION: "auto", S3_ACCESS_KEY_ID: "k", S3_SECRET_ACCESS_KEY: "s" };
  assert.equal(readConfig(whole).photos.bucket?.pathStyle, true);
  assert.equal(readConfig({}).photos.bucket, undefined);
});

test("each form of a Redis address is read", () => {
  assert.partialDeepStrictEqual(readConfig({ REDIS_HOST: "h", REDIS_PASSWORD: "p" }).redis.target, {
    kind: "host",
    host: "h",
    port: 6379,
    password: "p",
  });
  assert.partialDeepStrictEqual(readConfig({ REDIS_CLUSTER_NODES: "a:1, b:2" }).redis.target, {
    kind: "cluster",
    nodes: [
      { host: "a", port: 1 },
      { host: "b", port: 2 },
    ],
    password: undefined,
  });
});

test("the configuration is deeply frozen", () => {
  const config = readConfig({});
  assert.ok(Object.isFrozen(config) && Object.isFrozen(config.http) && Object.isFrozen(config.http.trustProxy));
});

test("every setting is listed once in docs/settings.md", () => {
  const listed = [...settingsPage().matchAll(/^\| `([A-Z0-9_]+)` \|/gm)].map(([, name]) => name);
  assert.deepEqual(listed, Object.keys(variables.shape));
});

test(".env.example and docs/settings.md are up to date: npm run settings-page writes them", () => {
  const read = (file: string) => readFileSync(new URL(`../../${file}`, import.meta.url), "utf8");
  assert.equal(read(".env.example"), envExample());
  assert.equal(read("docs/settings.md"), settingsPage());
});
