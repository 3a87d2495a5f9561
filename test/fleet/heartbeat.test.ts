import assert from "node:assert/strict";
import { test } from "node:test";
import { type Heartbeat, read, write } from "../../src/fleet/heartbeat.ts";

const heartbeat: Heartbeat = {
  instance: "api-server-1",
  version: "0.1.0",
  phase: "ready",
  status: "ready",
  upMs: 60_000,
  beat: 7,
  requestsPerSecond: 12.34,
  errorsPerSecond: 0,
  inFlight: 3,
  checks: new Map([
    ["postgres", { status: "up", failing: false, wellMsAgo: 12 }],
    ["redis", { status: "unknown", failing: true, wellMsAgo: null }],
  ]),
};

const said = (over: object): string => JSON.stringify({ ...JSON.parse(write(heartbeat)), ...over });

test("what is written is read as it was, and is small", () => {
  assert.deepEqual(read(write(heartbeat)), heartbeat);
  assert.ok(write(heartbeat).length < 300);
});

const nothing: readonly (readonly [string, string])[] = [
  ["nothing", ""],
  ["half of one", write(heartbeat).slice(0, 90)],
  ["no JSON", "\u0000\ufffd{"],
  ["a list", "[]"],
  ["null", "null"],
  ["a number", "1e999"],
  ["without a name", said({ instance: undefined })],
  ["a name that is markup", said({ instance: "<script>" })],
  ["a name of 200 letters", said({ instance: "a".repeat(200) })],
  ["a phase of another version", said({ phase: "paused" })],
  ["a verdict of another version", said({ status: "fine" })],
  ["too long", said({ more: "x".repeat(10_000) })],
  ["40,000 deep", "[".repeat(4000)],
];

for (const [what, text] of nothing) test(`${what} is no heartbeat`, () => assert.equal(read(text), undefined));

const fields: readonly (readonly [string, object, object])[] = [
  ["a rate that is text", { requestsPerSecond: "many" }, { requestsPerSecond: 0 }],
  ["a negative rate", { errorsPerSecond: -1 }, { errorsPerSecond: 0 }],
  ["no version", { version: undefined }, { version: "unknown" }],
  ["a field of a newer version", { mood: "good" }, { instance: "api-server-1" }],
];

for (const [what, over, expected] of fields) {
  test(`${what} takes no other field with it`, () => {
    const understood = read(said(over));
    assert.partialDeepStrictEqual(understood, expected);
    assert.deepEqual(understood?.checks, heartbeat.checks);
  });
}

const testimonies: readonly (readonly [string, unknown])[] = [
  ["of an older form", "up"],
  ["with a status nobody knows", ["sleepy", false, 5]],
  ["from the future", ["up", false, -5]],
  ["older than the world", ["up", false, 1e300]],
  ["that is null", null],
];

for (const [what, testimony] of testimonies) {
  test(`a testimony ${what} says nothing, and those beside it count`, () => {
    const understood = read(said({ checks: { postgres: testimony, redis: ["down", true, 9] } }));
    assert.deepEqual([...(understood?.checks ?? [])], [["redis", { status: "down", failing: true, wellMsAgo: 9 }]]);
  });
}

test("names that mean something to JavaScript are only names", () => {
  const text = said({}).replace('"postgres"', '"__proto__"').replace('"redis"', '"constructor"');
  assert.equal(read(text)?.checks.get("constructor")?.failing, true);
  assert.equal(({} as Record<string, unknown>)["failing"], undefined);
});
