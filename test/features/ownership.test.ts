import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { type ApiOperation, isProtected, readDocument } from "../openapi/support/api-document.ts";
import { type Visitor, visit } from "../openapi/support/visitor.ts";
import { type Answer, raw } from "../shared/requests/http.ts";
import { sameSecret } from "../shared/requests/people.ts";
import { startHaven } from "../support/haven.ts";

// The cases are generated from the OpenAPI document, so they include every documented operation.

const haven = await startHaven({ env: { ...sameSecret } });
const { operations } = await readDocument(haven.url);
// Operations of administrators apply to resources of other users. test/auth/attacks/roles.test.ts has their tests.
const routed = operations.filter(({ described, access }) => "400" in described.responses && access !== "admin");
const withBody = routed.filter(({ described }) => described.requestBody?.content["application/json"] !== undefined);
const operationName = ({ method, path }: ApiOperation) => `${method} ${path}`;

/** Returns the field errors of a problem. */
const fieldErrors = ({ text }: Answer) =>
  (JSON.parse(text) as { errors?: { path: string; message: string }[] }).errors ?? [];

const exampleOf = ({ described }: ApiOperation) =>
  described.requestBody?.content["application/json"]?.example as Record<string, unknown>;

describe("resources of another owner", { concurrency: 4 }, () => {
  const owned = routed.filter((operation) => isProtected(operation) && operation.path.includes("{"));
  assert.ok(owned.length >= 15);
  for (const operation of owned) {
    test(`${operationName(operation)} returns 404 and changes nothing`, async () => {
      const owner = await visit(haven.url, operations);
      const stranger = await visit(haven.url, operations);
      const path = await owner.pathOf(operation);
      const before = await stateAt(owner, operation, path);
      const answer = await stranger.call(operation, { path });
      assert.equal(answer.status, 404, answer.text);
      assert.doesNotMatch(answer.text, new RegExp(path.split("/").find((part) => part.length === 36) ?? "no id"));
      assert.deepEqual(await stateAt(owner, operation, path), before);
      const unknownId = path.replaceAll(/[0-9a-f-]{36}/g, "019d5a3e-8f00-7c3a-9d6e-2b1f5a7c9e99");
      const missing = await stranger.call(operation, { path: unknownId });
      assert.deepEqual(
        comparablePart(missing),
        comparablePart(answer),
        "the answers for a resource of another owner and for a missing resource are equal",
      );
    });
  }
});

/** Returns the responses that the owner gets for the path and for its parent. */
async function stateAt(owner: Visitor, { path: template }: ApiOperation, path: string): Promise<string[]> {
  const templates = [template, template.slice(0, template.lastIndexOf("/"))];
  const reads = operations.filter((candidate) => candidate.method === "GET" && templates.includes(candidate.path));
  const depth = (pathTemplate: string) => pathTemplate.split("/").length;
  return Promise.all(
    reads.map(async (read) => {
      const { status, text } = await owner.call(read, { path: path.split("/").slice(0, depth(read.path)).join("/") });
      assert.equal(status, 200, text);
      return `${status} ${text}`;
    }),
  );
}

const comparablePart = ({ status, text }: Answer) => ({ status, ...JSON.parse(text), requestId: "" });

describe("unknown fields and bad input", { concurrency: 4 }, () => {
  for (const operation of withBody) {
    test(`${operationName(operation)} refuses an unknown field and names the field`, async () => {
      const visitor = await visit(haven.url, operations);
      const path = await visitor.pathOf(operation);
      for (const field of ["role", "ownerId", "owner_id", "id", "userId", "createdAt", "isAdmin", "constructor"]) {
        const body = JSON.stringify({ ...exampleOf(operation), [field]: "admin" });
        const answer = await visitor.call(operation, { path, body });
        assert.equal(answer.status, 400, `${field}: ${answer.text}`);
        assert.ok(
          fieldErrors(answer).some((fault) => fault.path === field),
          answer.text,
        );
      }
    });

    test(`${operationName(operation)} refuses a wrong type in each field and names the field`, async () => {
      const visitor = await visit(haven.url, operations);
      const path = await visitor.pathOf(operation);
      const wrongValues = [null, [], {}, true, 1e300, "\u0000", "\ud800", "x".repeat(15_000)];
      for (const field of Object.keys(exampleOf(operation))) {
        for (const value of wrongValues) {
          if (typeof value === typeof exampleOf(operation)[field] && typeof value !== "string") continue;
          const body = JSON.stringify({ ...exampleOf(operation), [field]: value }).replace('"\ud800"', '"\\ud800"');
          const answer = await visitor.call(operation, { path, body });
          assert.equal(answer.status, 400, `${field} as ${body.slice(0, 100)}: ${answer.text}`);
          assert.ok(
            fieldErrors(answer).some((fault) => fault.path.startsWith(field)),
            answer.text,
          );
        }
      }
    });

    test(`${operationName(operation)} returns 4xx for an invalid body`, async () => {
      const visitor = await visit(haven.url, operations);
      const path = await visitor.pathOf(operation);
      const json = "application/json";
      // Auth operations accept 16 kB only.
      const deepStatus = path.startsWith("/api/v1/auth/") ? 413 : 400;
      const bodies: [number[], string, string | Buffer, string?][] = [
        // Without an email in the body, the server sends the mail to the signed-in caller. This caller is anonymous and gets 401.
        [operation.id === "resendVerification" ? [401] : [400], json, ""],
        [[400], json, "null"],
        [[400], json, "[]"],
        [[400], json, '"text"'],
        [[400], json, '{"a":'],
        [[deepStatus], json, `${"[".repeat(40_000)}${"]".repeat(40_000)}`],
        [[deepStatus], json, `${'{"a":'.repeat(40_000)}1${"}".repeat(40_000)}`],
        [[400], json, '{"__proto__":{"role":"admin"}}'],
        [[400], json, Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d])],
        [[413], json, JSON.stringify("a".repeat(1_000_001))],
        [[415], "text/plain", "{}"],
        [[415], "", "{}"],
        [[415], "application/x-www-form-urlencoded", "a=1"],
        [[415, 400], `${json}; charset=utf-7`, "{}"],
        [[400, 415], json, "no gzip", "gzip"],
        [[415], json, "{}", "compress"],
      ];
      for (const [statuses, type, body, encoding] of bodies) {
        const headers = { "content-type": type, ...(encoding && { "content-encoding": encoding }) };
        const answer = await visitor.call(operation, { path, body, headers });
        assert.ok(
          statuses.includes(answer.status),
          `${type} ${String(body).slice(0, 40)}: ${answer.status} ${answer.text}`,
        );
        assert.match(answer.headers["content-type"] ?? "", /^application\/problem\+json/);
      }
    });
  }
});

const injections = [
  "'",
  "' OR '1'='1",
  "1; DROP TABLE properties",
  "\\",
  "%",
  "_",
  "$1",
  "*/ UNION SELECT 1 --",
  "ü漢🏠",
];

describe("SQL in requests", { concurrency: 4 }, () => {
  const lists = routed.filter(({ described }) => described.parameters?.some(({ name }) => name === "q"));
  assert.ok(lists.length >= 5);
  for (const list of lists) {
    test(`${operationName(list)}: SQL in a filter, a search, a cursor or a sort has no effect`, async () => {
      const visitor = await visit(haven.url, operations);
      const path = await visitor.pathOf(list);
      const all = await visitor.call(list, { path });
      assert.equal(all.status, 200);
      for (const text of injections) {
        const matches = await visitor.call(list, { path: `${path}?q=${encodeURIComponent(text)}` });
        assert.equal(matches.status, 200, matches.text);
        assert.deepEqual(matches.json(), { items: [], nextCursor: null }, text);
        for (const field of ["status", "kind", "cursor", "limit", "sort", "order", "filter", "where"]) {
          const refused = await visitor.call(list, { path: `${path}?${field}=${encodeURIComponent(text)}` });
          assert.equal(refused.status, 400, `${field}=${text}: ${refused.text}`);
          assert.ok(
            fieldErrors(refused).some((fault) => fault.path === field),
            refused.text,
          );
        }
      }
      assert.deepEqual((await visitor.call(list, { path })).json(), all.json());
    });
  }

  for (const operation of routed.filter(({ path }) => path.includes("{"))) {
    test(`${operationName(operation)}: SQL in an id gets 400 or 404`, async () => {
      const visitor = await visit(haven.url, operations);
      for (const text of [...injections, "..%2f..%2fetc%2fpasswd", "%", "%00", "%ff", "a".repeat(5000)]) {
        const value = text.startsWith("%") || text.startsWith("..") ? text : encodeURIComponent(text);
        const answer = await visitor.call(operation, { path: operation.path.replaceAll(/\{\w+\}/g, value) });
        assert.ok([400, 404].includes(answer.status), `${value}: ${answer.status} ${answer.text}`);
      }
    });
  }
});

test("on every path, two Host headers, an unknown transfer coding, or two lengths get 400", async () => {
  for (const { method, path } of routed) {
    const concretePath = path.replaceAll(/\{\w+\}/g, "x");
    const heads = [
      `${method} ${concretePath} HTTP/1.1\r\nHost: a\r\nHost: b\r\n`,
      `${method} ${concretePath} HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: xchunked\r\n`,
      `${method} ${concretePath} HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n`,
    ];
    for (const head of heads) {
      const answer = await raw(haven.port, `${head}Connection: close\r\n\r\n`);
      assert.match(answer, /^HTTP\/1\.1 400 /, `${head}\n${answer}`);
      assert.equal(answer.split("HTTP/1.1 ").length, 2);
    }
  }
});
