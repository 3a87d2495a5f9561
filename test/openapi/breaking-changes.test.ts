import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { z } from "zod";
import { type Operation, operation } from "../../src/http/operation.ts";
import { createDocument } from "../../src/openapi/document/create-document.ts";
import { breakingChanges } from "./support/breaking-changes.ts";
import { documentFaults } from "./support/document-faults.ts";

const kind = z.enum(["house", "condo"]).meta({ id: "Kind" });
const fewerKinds = z.enum(["house"]).meta({ id: "FewerKinds" });
const item = z.object({ name: z.string(), kind, note: z.string().optional() });

const base = {
  id: "createItem",
  method: "post",
  path: "/items/{itemId}",
  summary: "Create an item",
  tag: "Test",
  params: z.strictObject({ itemId: z.uuid() }),
  query: z.strictObject({ dry: z.string().max(10).optional() }),
  body: z.strictObject({ name: z.string().max(10).meta({ maxLength: 10 }), kind, size: z.int().min(1).optional() }),
  answers: { 201: { description: "The item.", schema: item } },
} as const;

const documentOf = (...operations: Operation[]) =>
  createDocument({ version: "test", cookieName: "test", routes: [{ prefix: "", operations }], listenerOperations: [] });

const before = documentOf(operation(base) as Operation);
const changesTo = (changed: object) => breakingChanges(before, documentOf({ ...base, ...changed } as Operation));

const at = "POST /items/{itemId}";
const bodyWith = (changed: z.ZodRawShape) => ({ body: z.strictObject({ ...base.body.shape, ...changed }) });
const answerWith = (schema: z.ZodType) => ({ answers: { 201: { description: "The item.", schema } } });

describe("a change is breaking if", () => {
  const changes: Record<string, [changed: object, expected: string]> = {
    "another path replaces the old one": [{ path: "/things/{itemId}" }, "the operation is gone"],
    "access is restricted": [{ access: "admin" }, 'access was "everyone" and is now "admin"'],
    "a parameter is removed": [{ query: z.strictObject({}) }, "parameter dry is gone"],
    "a parameter becomes required": [
      { query: z.strictObject({ dry: z.string().max(10) }) },
      "parameter dry is now required",
    ],
    "a field of the body is removed": [{ body: base.body.omit({ size: true }) }, "body.size is no longer accepted"],
    "a new field of the body is required": [bodyWith({ colour: z.string() }), "body.colour is now required"],
    "a limit is narrower": [
      bodyWith({ name: z.string().meta({ maxLength: 5 }) }),
      "body.name has another maxLength: 5",
    ],
    "a value is no longer accepted": [bodyWith({ kind: fewerKinds }), "body.kind no longer accepts condo"],
    "a type changes": [bodyWith({ size: z.string().optional() }), "body.size was integer and is now string"],
    "a field of the response is removed": [answerWith(item.omit({ name: true })), "201.name is gone"],
    "a field of the response may be absent": [answerWith(item.partial({ name: true })), "201.name may now be absent"],
    "a field of the response may be null": [
      answerWith(item.extend({ name: z.string().nullable() })),
      "201.name was string and is now string or null",
    ],
    "a response is removed": [{ answers: { 204: { description: "Done." } } }, "the response 201 is gone"],
  };
  for (const [name, [changed, expected]] of Object.entries(changes)) {
    test(name, () => {
      const breaking = changesTo(changed);
      assert.ok(breaking.includes(`${at}: ${expected}`), breaking.join("\n"));
    });
  }
});

test("a change that only adds or widens something is not breaking", () => {
  const wider = {
    query: z.strictObject({ dry: z.string().max(20).optional(), fast: z.string().optional() }),
    body: z.strictObject({
      ...base.body.shape,
      name: z.string().meta({ maxLength: 20 }),
      colour: z.string().optional(),
    }),
    ...answerWith(
      item.extend({ colour: z.string(), kind: z.enum(["house", "condo", "flat"]).meta({ id: "MoreKinds" }) }),
    ),
  };
  assert.deepEqual(changesTo(wider), []);
  assert.deepEqual(changesTo({}), []);
});

test("a schema that client generators do not support is reported as a fault", () => {
  const unsupported = z.strictObject({
    kind: z.enum(["a", "b"]),
    name: z.string().regex(/^\p{L}+$/u),
    facts: z.record(z.string(), z.unknown()),
  });
  const faults = documentFaults(documentOf({ ...base, body: unsupported } as Operation)).join("\n");
  assert.match(faults, /The tag Test has no text/);
  assert.match(faults, /enum at .*CreateItemBody\/properties\/kind has no name/);
  assert.match(faults, /pattern at .*CreateItemBody\/properties\/name is not portable/);
  assert.match(faults, /object at .*CreateItemBody\/properties\/facts has no members/);
});
