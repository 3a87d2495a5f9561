import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Validator } from "@seriousme/openapi-schema-validator";
import type { Content } from "../../src/openapi/document/openapi-types.ts";
import { eventually } from "../shared/eventually.ts";
import { type Ask, ask, postJson } from "../shared/requests/http.ts";
import { sameSecret } from "../shared/requests/people.ts";
import { startMailServer, tokenIn } from "../shared/servers/mail-server.ts";
import { query } from "../shared/servers/stores/database.ts";
import { startHaven } from "../support/haven.ts";
import { blackPng } from "../support/kubernetes/images.ts";
import { type ApiOperation, answerAt, escaped, isProtected, readDocument } from "./support/api-document.ts";
import { createContract } from "./support/contract.ts";
import { createAppCapture, routesOf } from "./support/express-routes.ts";
import { json } from "./support/request.ts";
import { newEmail, type TokenFromMail, visit } from "./support/visitor.ts";

const appCapture = createAppCapture();
const mail = await startMailServer();
const mailSettings = { MAIL_URL: mail.url, MAIL_FROM: "no-reply@example.com", PUBLIC_URL: "https://app.example.com" };
const haven = await startHaven({ env: { ...sameSecret, ...mailSettings }, overrides: { routes: appCapture.routes } });
const { document, operations } = await readDocument(haven.url);
const contract = createContract(document);

const tokenFromMail: TokenFromMail = async (operationId, email) => {
  if (operationId === "verifyEmail") return tokenIn(await mail.mailTo(email));
  if (operationId !== "resetPassword") return undefined;
  await mail.mailTo(email);
  if (mail.received.filter(({ to }) => to.includes(email)).length < 2)
    await postJson(`${haven.url}/api/v1/auth/forgot-password`, { email });
  return tokenIn(await mail.mailTo(email, 2));
};

const noSuchId = "019d5a3e-8f00-7c3a-9d6e-2b1f5a7c9e01";

describe("the document", () => {
  test("is valid OpenAPI 3.1", async () => {
    const result = await new Validator().validate(JSON.parse(JSON.stringify(document)));
    assert.deepEqual(result.errors ?? [], []);
    assert.equal(document.openapi, "3.1.1");
    const ids = operations.map(({ id }) => id);
    assert.equal(new Set(ids).size, ids.length);
  });

  test("has an ETag, and returns 304 for the same ETag", async () => {
    const first = await ask(`${haven.url}/api/openapi.json`);
    const etag = first.headers.etag ?? "";
    const again = await ask(`${haven.url}/api/openapi.json`, { headers: { "if-none-match": etag } });
    assert.deepEqual([again.status, again.text, again.headers.etag], [304, "", etag]);
  });

  test("lists exactly the routes of the routers", async () => {
    const routed = operations.filter(({ described }) => "400" in described.responses);
    const named = routed.map(({ method, path }) => `${method} ${path}`);
    assert.deepEqual(routesOf(await appCapture.app(haven.url)).sort(), named.sort());
  });

  test("has examples that match its schemas", () => {
    for (const operation of operations) {
      const { method, path, described } = operation;
      const pointer = `/paths/${escaped(path)}/${method.toLowerCase()}`;
      const check = (at: string, content: Content = {}): void => {
        for (const [type, { example, examples = {} }] of Object.entries(content)) {
          const values = Object.values(examples).map(({ value }) => value);
          for (const value of example === undefined ? values : [example, ...values])
            contract.assertFits(`${at}/content/${escaped(type)}/schema`, value, `the example at ${at}`);
        }
      };
      check(`${pointer}/requestBody`, described.requestBody?.content);
      for (const status of Object.keys(described.responses)) {
        const { answer, at } =
          answerAt(document, operation, status) ?? assert.fail(`${pointer} ${status} refers to no response`);
        check(at, answer.content);
      }
    }
  });

  test("has working examples for register and login", async () => {
    for (const [id, status] of [
      ["register", 201],
      ["login", 200],
    ] as const) {
      const { path, described } = operations.find((one) => one.id === id) ?? assert.fail(id);
      const example = described.requestBody?.content["application/json"]?.example;
      assert.equal((await postJson(haven.url + path, example)).status, status);
    }
  });
});

describe("every operation in the document", { concurrency: 4 }, () => {
  for (const operation of operations) {
    test(`${operation.method} ${operation.path} behaves as documented`, () => assertBehavesAsDocumented(operation));
  }
});

const promote = async (email: string): Promise<void> => {
  await query(haven.running.parts.addresses.databaseUrl, "UPDATE users SET role = 'admin' WHERE email = $1", [email]);
};

/** Sends valid and invalid requests, and asserts that every response is documented. */
async function assertBehavesAsDocumented(operation: ApiOperation): Promise<void> {
  const { path, described } = operation;
  const promoted = operation.access === "admin" ? { promote } : {};
  const visitor = await visit(haven.url, operations, { ...promoted, tokenFromMail });
  const assertAnswer = async (
    request: string,
    statuses: readonly number[],
    changes: Parameters<typeof visitor.call>[1],
  ) => {
    const answer = await visitor.call(operation, changes);
    contract.assertDocumented(operation, answer);
    assert.ok(statuses.includes(answer.status), `${request}: ${answer.status} ${answer.text}`);
    return answer;
  };
  const acceptsHeader = (name: string) =>
    described.parameters?.some((parameter) => parameter.in === "header" && parameter.name === name);
  const existingPath = await visitor.pathOf(operation);

  if (isProtected(operation)) {
    await assertAnswer("without credentials", [401], { path: existingPath, headers: { authorization: "" } });
    await assertAnswer("with a wrong token", [401], { path: existingPath, headers: { authorization: "Bearer wrong" } });
  }
  if ("400" in described.responses && !described["x-any-query"])
    await assertAnswer("an unknown query", [400], { path: `${existingPath}?no-such-field=1` });
  if (path.includes("{")) {
    await assertAnswer("a malformed id", [400, 404], { path: path.replaceAll(/\{\w+\}/g, "no-such") });
    await assertAnswer("an unknown id", [400, 404], { path: path.replaceAll(/\{\w+\}/g, noSuchId) });
  }
  if (described.requestBody?.content["application/json"] !== undefined) {
    await assertAnswer("an unknown field", [400], { path: existingPath, ...json({ "no-such-field": 1 }) });
    await assertAnswer("a truncated body", [400], { path: existingPath, body: "{" });
    await assertAnswer("a body that is not JSON", [415], {
      path: existingPath,
      body: "a",
      headers: { "content-type": "text/plain" },
    });
    await assertAnswer("a body over the limit", [413], { path: existingPath, ...json("a".repeat(1_000_001)) });
  }
  if (acceptsHeader("If-Match"))
    await assertAnswer("an outdated ETag", [412], { path: existingPath, headers: { "if-match": '"a"' } });

  const key = acceptsHeader("Idempotency-Key") ? { "idempotency-key": newEmail() } : {};
  const success = await assertAnswer("as documented", [200, 201, 202, 204, 206], { path: existingPath, headers: key });

  if (acceptsHeader("Idempotency-Key")) {
    const again = await assertAnswer("the same key again", [success.status], { path: existingPath, headers: key });
    assert.equal(again.text, success.text);
    await assertAnswer("the same key with another body", [422], {
      path: existingPath,
      headers: key,
      ...differentBody(described),
    });
  }
  if (acceptsHeader("Range")) {
    await assertAnswer("a range", [206], { path: existingPath, headers: { range: "bytes=0-3" } });
    await assertAnswer("a range after the end", [416], { path: existingPath, headers: { range: "bytes=999999999-" } });
  }
  if (acceptsHeader("If-None-Match")) {
    // Lists of all users change while other tests of this file register users.
    let { etag = "" } = success.headers;
    const expected = operation.access === "admin" ? [200, 304] : [304];
    await eventually(
      async () => {
        const again = await assertAnswer("the current ETag", expected, {
          path: existingPath,
          headers: { "if-none-match": etag },
        });
        etag = again.headers.etag ?? "";
        return again.status;
      },
      (status) => status === 304,
    );
  }
}

test("operator endpoints behave as documented, with and without the token", async () => {
  const guarded = await startHaven({ env: { ...sameSecret, OPS_TOKEN: "night-shift" } });
  for (const operation of operations.filter(({ access }) => access === "operator")) {
    for (const headers of [{}, { authorization: "Bearer night-shift" }])
      contract.assertDocumented(operation, await ask(guarded.url + operation.path, { headers }));
  }
});

/** Returns a valid body that differs from the example. */
function differentBody({ requestBody }: ApiOperation["described"]): Ask {
  const example: unknown = requestBody?.content["application/json"]?.example;
  if (typeof example !== "object" || example === null) return { body: blackPng(80, 80) };
  const [field = ""] = Object.keys(example);
  return { body: JSON.stringify({ ...example, [field]: "Another" }) };
}

test("a path supports only the documented methods", async () => {
  const visitor = await visit(haven.url, operations, { promote });
  for (const path of Object.keys(document.paths)) {
    const ofPath = operations.filter((operation) => operation.path === path);
    const undocumented = ["PUT", "POST", "DELETE", "PATCH", "GET"].find((method) =>
      ofPath.every((operation) => operation.method !== method),
    );
    const concretePath = await visitor.pathOf(ofPath[0] ?? assert.fail());
    const allowed = ofPath.map(({ method }) => method);
    if (allowed.includes("GET")) allowed.push("HEAD");
    for (const method of undocumented === undefined ? ["OPTIONS"] : [undocumented, "OPTIONS"]) {
      const { status, headers } = await ask(haven.url + concretePath, { method });
      assert.deepEqual(
        [method, path, status, headers["content-type"], headers.allow],
        [method, path, 405, "application/problem+json", allowed.sort().join(", ")],
      );
    }
  }
});
