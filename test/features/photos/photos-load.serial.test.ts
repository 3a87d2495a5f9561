import assert from "node:assert/strict";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { type Answer, ask, open, readAll } from "../../shared/requests/http.ts";
import { sameSecret } from "../../shared/requests/people.ts";
import { startHavenProcess } from "../../shared/servers/haven-process.ts";
import { slowestAliveProbeMs } from "../../support/faulty-haven.ts";
import { addPhoto, owner, photoIn } from "../../support/fixtures/owners.ts";
import { startHaven } from "../../support/haven.ts";
import { blackPng, formOf, formType, imageOf } from "../../support/kubernetes/images.ts";

const shortQueue = await startHaven({
  env: { ...sameSecret, IMAGES_AT_ONCE: "1", IMAGE_QUEUE_LENGTH: "2", UPLOAD_MAX_PER_USER: "10" },
});
const shortTimeouts = await startHaven({
  env: { ...sameSecret, IMAGE_QUEUE_TIMEOUT_MS: "1", IMAGES_AT_ONCE: "1", REQUEST_TIMEOUT_MS: "1500" },
});
const separateProcess = await startHavenProcess({ env: { ...sameSecret } });
const large = await imageOf("jpeg", 2400, 1600);
const jpeg = await imageOf("jpeg", 1200, 900);
const small = await imageOf("jpeg", 40, 30);
const huge = blackPng(16_000, 16_000);

/** Asserts that some uploads got 201 and all others 503. How many got 201 depends on their timing. */
function assertPartlyServed(answers: readonly Answer[], minServed: number): void {
  const count = (status: number) => answers.filter((answer) => answer.status === status).length;
  const served = count(201);
  assert.ok(served >= minServed && served < answers.length, `${served} were served`);
  assert.equal(count(503), answers.length - served);
}

test("uploads beyond the queue get 503 with Retry-After, and queued ones are served", async () => {
  const person = await owner(shortQueue.url);
  const answers = await Promise.all(Array.from({ length: 10 }, () => addPhoto(shortQueue.url, person, jpeg)));
  assertPartlyServed(answers, 3);
  for (const answer of answers.filter(({ status }) => status === 503)) {
    assert.equal((answer.json() as { code: string }).code, "overloaded");
    assert.ok(Number(answer.headers["retry-after"]) >= 1);
  }
  assert.equal((await addPhoto(shortQueue.url, person, small)).status, 201);
});

test("uploads that wait longer than the time limit of the queue get 503", async () => {
  const person = await owner(shortTimeouts.url);
  const answers = await Promise.all(Array.from({ length: 4 }, () => addPhoto(shortTimeouts.url, person, jpeg)));
  assertPartlyServed(answers, 1);
});

test("a slow upload is cut at the request deadline", async () => {
  const person = await owner(shortTimeouts.url);
  const socket = await open(shortTimeouts.port);
  const answer = readAll(socket, 6000);
  socket.write(
    `POST /api/v1/properties/${person.propertyId}/photos HTTP/1.1\r\nHost: haven\r\nContent-Length: 100000\r\n` +
      `Authorization: Bearer ${person.accessToken}\r\nContent-Type: ${formType}\r\n\r\n`,
  );
  const body = formOf({ bytes: small });
  let sent = 0;
  const trickle = setInterval(() => {
    socket.write(body.subarray(sent, sent + 1));
    sent += 1;
  }, 50);
  socket.once("close", () => clearInterval(trickle));
  const text = await answer;
  clearInterval(trickle);
  assert.match(text, /^HTTP\/1\.1 503 /);
  assert.match(text, /deadline_exceeded/);
});

test("an upload above the limit of its user gets 429, while the upload of another user is accepted", async () => {
  const shared = await startHaven({ env: { ...sameSecret } });
  const [ana, ben] = [await owner(shared.url), await owner(shared.url)];
  const body = formOf({ bytes: small });
  const head =
    `POST /api/v1/properties/${ana.propertyId}/photos HTTP/1.1\r\nHost: haven\r\nContent-Length: ${body.length}\r\n` +
    `Authorization: Bearer ${ana.accessToken}\r\nContent-Type: ${formType}\r\n\r\n`;
  const beginUpload = async () => {
    const socket = await open(shared.port);
    const answer = once(socket, "data").then(([data]) => String(data));
    socket.write(head);
    socket.write(body.subarray(0, 100));
    return { socket, answer };
  };
  const slow = await Promise.all(Array.from({ length: 7 }, beginUpload));
  const refused = await Promise.race(slow.map(async (upload) => ({ upload, text: await upload.answer })));
  assert.match(refused.text, /^HTTP\/1\.1 429 [\s\S]*\r\nRetry-After: 2\r\n[\s\S]*"code":"rate_limited"/);
  assert.equal((await addPhoto(shared.url, ben, small)).status, 201);

  const accepted = slow.filter((upload) => upload !== refused.upload);
  for (const { socket } of accepted) socket.write(body.subarray(100));
  for (const { answer } of accepted) assert.match(await answer, /^HTTP\/1\.1 201 /);
  assert.equal((await addPhoto(shared.url, ana, small)).status, 201);
  for (const { socket } of slow) socket.destroy();
});

test("uploads that would exceed the memory for buffered uploads get 503", async () => {
  const withLittleMemory = await startHaven({
    env: { ...sameSecret, UPLOAD_MEMORY_BYTES: "10000000", UPLOAD_MAX_PER_USER: "6" },
  });
  const person = await owner(withLittleMemory.url);
  const heavy = Buffer.concat([small, Buffer.alloc(4_900_000)]);
  const answers = await Promise.all(Array.from({ length: 6 }, () => addPhoto(withLittleMemory.url, person, heavy)));
  assertPartlyServed(answers, 1);
  assert.equal((await addPhoto(withLittleMemory.url, person, heavy)).status, 201);
});

const residentMb = () => {
  const [, kilobytes] = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${separateProcess.pid}/status`, "utf8")) ?? [];
  return Number(kilobytes) / 1024;
};

test("hostile uploads do not increase memory, stop the process or delay the probe", {
  skip: process.platform !== "linux",
}, async () => {
  const person = await owner(separateProcess.url);
  const hostile = [
    huge,
    large.subarray(0, large.length / 2),
    Buffer.concat([small, Buffer.alloc(4_900_000)]),
    Buffer.concat([small, Buffer.alloc(5_100_000)]),
    Buffer.from("GIF89a<script>"),
    large,
  ];
  for (const bytes of hostile) await addPhoto(separateProcess.url, person, bytes);
  const beforeMb = residentMb();
  let highestMb = beforeMb;
  const memorySampler = setInterval(() => (highestMb = Math.max(highestMb, residentMb())), 20);
  const statuses: number[] = [];
  const slowestMs = await slowestAliveProbeMs(separateProcess.url, async () => {
    for (let round = 0; round < 5; round += 1)
      statuses.push(
        ...(await Promise.all(hostile.map((bytes) => addPhoto(separateProcess.url, person, bytes)))).map(
          ({ status }) => status,
        ),
      );
  });
  clearInterval(memorySampler);
  assert.equal(statuses.length, 30);
  assert.ok(
    statuses.every((status) => [201, 413, 415, 422, 503].includes(status)),
    String(statuses),
  );
  assert.ok(highestMb - beforeMb < 200, `${beforeMb} MB beforeMb, ${highestMb} MB at most`);
  assert.ok(slowestMs < 500, `the slowest probe took ${slowestMs} ms`);
  const photo = photoIn(await addPhoto(separateProcess.url, person, small));
  assert.equal((await ask(separateProcess.url + photo.urls.list)).status, 200);
});
