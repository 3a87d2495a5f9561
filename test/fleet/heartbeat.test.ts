import assert from "node:assert/strict";
import { test } from "node:test";
import { type Heartbeat, parseHeartbeat, serializeHeartbeat } from "../../src/kit/fleet/heartbeat.ts";

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
    ["postgres", { status: "up", failing: false, succeededMsAgo: 12 }],
    ["redis", { status: "unknown", failing: true, succeededMsAgo: null }],
  ]),
};

const textWith = (overrides: object): string =>
  JSON.stringify({ ...JSON.parse(serializeHeartbeat(heartbeat)), ...overrides });

test("a serialized heartbeat is parsed back unchanged, and is short", () => {
  assert.deepEqual(parseHeartbeat(serializeHeartbeat(heartbeat)), heartbeat);
  assert.ok(serializeHeartbeat(heartbeat).length < 300);
});

const malformed: readonly (readonly [string, string])[] = [
  ["empty text", ""],
  ["a truncated heartbeat", serializeHeartbeat(heartbeat).slice(0, 90)],
  ["text that is not JSON", "\u0000\ufffd{"],
  ["a list", "[]"],
  ["null", "null"],
  ["a number", "1e999"],
  ["a heartbeat without a name", textWith({ instance: undefined })],
  ["a name that is markup", textWith({ instance: "<script>" })],
  ["a name of 200 letters", textWith({ instance: "a".repeat(200) })],
  ["a phase of another version", textWith({ phase: "paused" })],
  ["a verdict of another version", textWith({ status: "fine" })],
  ["a heartbeat that is too long", textWith({ more: "x".repeat(10_000) })],
  ["nested JSON, 4,000 levels deep,", "[".repeat(4000)],
];

for (const [description, text] of malformed)
  test(`${description} is not a heartbeat`, () => assert.equal(parseHeartbeat(text), undefined));

const fields: readonly (readonly [string, object, object])[] = [
  ["a rate that is text", { requestsPerSecond: "many" }, { requestsPerSecond: 0 }],
  ["a negative rate", { errorsPerSecond: -1 }, { errorsPerSecond: 0 }],
  ["no version", { version: undefined }, { version: "unknown" }],
  ["a field of a newer version", { mood: "good" }, { instance: "api-server-1" }],
];

for (const [fault, overrides, expected] of fields) {
  test(`a heartbeat with ${fault} keeps all other fields usable`, () => {
    const parsed = parseHeartbeat(textWith(overrides));
    assert.partialDeepStrictEqual(parsed, expected);
    assert.deepEqual(parsed?.checks, heartbeat.checks);
  });
}

const malformedReports: readonly (readonly [string, unknown])[] = [
  ["of an older form", "up"],
  ["with an unknown status", ["sleepy", false, 5]],
  ["from the future", ["up", false, -5]],
  ["with an impossible age", ["up", false, 1e300]],
  ["that is null", null],
];

for (const [fault, report] of malformedReports) {
  test(`a check report ${fault} is ignored, and the other check reports are used`, () => {
    const parsed = parseHeartbeat(textWith({ checks: { postgres: report, redis: ["down", true, 9] } }));
    assert.deepEqual([...(parsed?.checks ?? [])], [["redis", { status: "down", failing: true, succeededMsAgo: 9 }]]);
  });
}

test("check names such as __proto__ have no side effects", () => {
  const text = textWith({}).replace('"postgres"', '"__proto__"').replace('"redis"', '"constructor"');
  assert.equal(parseHeartbeat(text)?.checks.get("constructor")?.failing, true);
  assert.equal(({} as Record<string, unknown>)["failing"], undefined);
});
