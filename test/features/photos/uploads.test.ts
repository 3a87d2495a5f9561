import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { ask } from "../../shared/requests/http.ts";
import { sameSecret } from "../../shared/requests/people.ts";
import { startFaultyHaven } from "../../support/faulty-haven.ts";
import { addPhoto, owner, photoIn } from "../../support/fixtures/owners.ts";
import { imageOf } from "../../support/kubernetes/images.ts";

const haven = await startFaultyHaven({ env: sameSecret });
const person = await owner(haven.url);
const url = haven.url + photoIn(await addPhoto(haven.url, person, await imageOf("jpeg", 600, 400))).urls.page;
const whole = await ask(url);
const etag = whole.headers.etag ?? "";
const size = whole.bytes.length;
const hash = (bytes: Buffer) => createHash("sha256").update(bytes).digest("hex");

test("an image is served without authentication, with headers that make it immutable and prevent another content type", () => {
  assert.equal(whole.status, 200);
  assert.match(etag, /^"[0-9a-f]{32}"$/);
  for (const [name, value] of [
    ["content-type", "image/webp"],
    ["content-length", String(size)],
    ["cache-control", "public, max-age=31536000, immutable"],
    ["content-disposition", "inline"],
    ["x-content-type-options", "nosniff"],
    ["cross-origin-resource-policy", "cross-origin"],
    ["accept-ranges", "bytes"],
  ] as const)
    assert.equal(whole.headers[name], value, name);
});

test("a matching If-None-Match gets 304", async () => {
  for (const names of [etag, `W/${etag}`, `"other", ${etag}`, "*"]) {
    const answer = await ask(url, { headers: { "if-none-match": names } });
    assert.deepEqual([answer.status, answer.bytes.length, answer.headers.etag], [304, 0, etag]);
    assert.equal(answer.headers["cache-control"], "public, max-age=31536000, immutable");
  }
  assert.equal((await ask(url, { headers: { "if-none-match": '"other"' } })).status, 200);
});

test("HEAD has the headers of GET and no body", async () => {
  const answer = await ask(url, { method: "HEAD", headers: { range: "bytes=0-9" } });
  assert.deepEqual([answer.status, answer.bytes.length], [200, 0]);
  for (const name of ["content-length", "content-type", "etag", "cache-control"] as const)
    assert.equal(answer.headers[name], whole.headers[name]);
});

for (const [range, start, end] of [
  ["bytes=0-9", 0, 9],
  ["bytes=100-", 100, size - 1],
  ["bytes=-7", size - 7, size - 1],
  ["bytes=-99999999", 0, size - 1],
  [`bytes=10-${"9".repeat(400)}`, 10, size - 1],
  ["Bytes=5-5", 5, 5],
] as const) {
  test(`the range ${range.slice(0, 30)} gets 206`, async () => {
    const answer = await ask(url, { headers: { range } });
    assert.equal(answer.status, 206);
    assert.equal(answer.headers["content-range"], `bytes ${start}-${end}/${size}`);
    assert.ok(answer.bytes.equals(whole.bytes.subarray(start, end + 1)));
  });
}

test("a range after the end gets 416 with the size", async () => {
  for (const range of [`bytes=${size}-`, `bytes=${"9".repeat(400)}-`, "bytes=-0"]) {
    const answer = await ask(url, { headers: { range } });
    assert.equal(answer.status, 416, range);
    assert.equal(answer.headers["content-range"], `bytes */${size}`);
    assert.equal(answer.headers["content-type"], "application/problem+json");
    assert.equal((answer.json() as { code: string }).code, "range_not_satisfiable");
  }
});

for (const headers of [
  { range: "bytes=0-1,5-9" },
  { range: "lines=0-1" },
  { range: "bytes=what" },
  { range: "bytes=-" },
  { range: "bytes=9-5" },
  { range: "bytes=0-9", "if-range": '"other"' },
] as Record<string, string>[]) {
  test(`${JSON.stringify(headers)} gets the whole image`, async () => {
    const answer = await ask(url, { headers });
    assert.deepEqual([answer.status, hash(answer.bytes)], [200, hash(whole.bytes)]);
  });
}

test("a range with a matching If-Range gets 206", async () => {
  assert.equal((await ask(url, { headers: { range: "bytes=0-9", "if-range": etag } })).status, 206);
});

for (const name of [
  `${"0".repeat(32)}.webp`,
  "x.webp",
  "..%2f..%2fpackage.json",
  "%2e%2e%2fpackage.json",
  `${etag.slice(1, 33)}.WEBP`,
  `${etag.slice(1, 33)}`,
  `${etag.slice(1, 33)}.webp%20`,
  "'%20OR%20''='",
  "__proto__",
  "",
]) {
  test(`the name ${JSON.stringify(name.replace(etag.slice(1, 33), "…"))} gets 404`, async () => {
    const answer = await ask(`${haven.url}/uploads/${name}`);
    assert.equal(answer.status, 404);
    assert.equal(answer.headers["content-type"], "application/problem+json");
  });
}

test("a DELETE of an image gets 405", async () => {
  const answer = await ask(url, { method: "DELETE" });
  assert.deepEqual([answer.status, answer.headers.allow], [405, "GET, HEAD"]);
});

test("while Postgres is unavailable, images and uploads get 503", async () => {
  const jpeg = await imageOf("jpeg");
  await haven.postgres.set("hole");
  const answers = await Promise.all([ask(url), addPhoto(haven.url, person, jpeg)]);
  for (const answer of answers) {
    assert.equal(answer.status, 503, answer.text);
    assert.equal((answer.json() as { code: string }).code, "unavailable");
    assert.ok(Number(answer.headers["retry-after"]) >= 1);
  }
  await haven.postgres.set("pass");
  await haven.until("postgres", "up", 5000);
  assert.equal((await ask(url)).status, 200);
});
