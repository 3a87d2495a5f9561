import assert from "node:assert/strict";
import { test } from "node:test";
import { z } from "zod";
import { operation } from "../../src/http/operation.ts";
import { renderDocsPage } from "../../src/openapi/docs-page/page.ts";
import { createDocument } from "../../src/openapi/document/create-document.ts";

const refined = (description: string) =>
  z
    .string()
    .refine((text) => text !== "", "must not be empty")
    .meta({ description, example: "eg" });

const schema = z
  .strictObject({
    plain: refined("of a field"),
    early: z
      .string()
      .meta({ description: "from before the refinement" })
      .refine(() => true),
    optional: refined("of an optional field").optional(),
    nullable: refined("of a field that may be null").nullable(),
    both: refined("of a field that may be null or missing").nullable().optional(),
    fallback: refined("of a field with a default").default("eg"),
    piped: z.string().trim().pipe(refined("of the end of a pipe")),
    list: z.array(refined("of each item")),
    choice: z.union([refined("of one choice"), z.int().meta({ description: "of the other choice" })]),
    own: refined("replaced by the outer description")
      .nullable()
      .meta({ description: "of the field outside of nullable" }),
    object: z
      .strictObject({ inner: refined("of a nested field"), empty: refined("of a nullable nested field").nullable() })
      .refine(() => true)
      .meta({ description: "of a nested object" }),
    objects: z.array(z.strictObject({ inner: refined("of a field in a list") })),
    named: z
      .strictObject({ inner: refined("of a named schema's field") })
      .meta({ id: "Named", description: "of a named schema" }),
    map: z.record(z.string(), refined("of each entry")),
  })
  .refine(() => true, "must fit together")
  .meta({ description: "of the whole" });

const described = operation({
  id: "describe",
  method: "post",
  path: "/described",
  summary: "Accepts every kind of field",
  tag: "Test",
  query: z.strictObject({
    refined: refined("of a query").optional(),
    begun: z.string().meta({ description: "of the start of a pipe" }).pipe(z.string().regex(/a/)).optional(),
  }),
  body: schema,
  headers: ["Range", "If-Range"],
  answers: { 200: { description: "The fields of the request.", schema } },
});

const document = createDocument({
  version: "test",
  cookieName: "test",
  routes: [{ prefix: "", operations: [described] }],
  listenerOperations: [],
});

const queries = ["of a query", "of the start of a pipe"];
const fields = [
  ...["of a field", "from before the refinement", "of an optional field", "of a field that may be null"],
  ...["of a field that may be null or missing", "of a field with a default", "of the end of a pipe", "of each item"],
  ...["of one choice", "of the other choice", "of the field outside of nullable", "of a nested object"],
  ...[
    "of a nested field",
    "of a nullable nested field",
    "of a field in a list",
    "of a named schema",
    "of a named schema's field",
  ],
  ...["of each entry", "of the whole"],
];

test("the document contains the descriptions of fields at every depth", () => {
  const { parameters, requestBody, responses } = document.paths["/described"]?.post ?? assert.fail();
  const named = JSON.stringify(document.components.schemas);
  for (const [place, described] of Object.entries({ body: requestBody, answer: responses[200] })) {
    const text = JSON.stringify(described) + named;
    assert.deepEqual(
      [place, fields.filter((description) => !text.includes(`"description":${JSON.stringify(description)}`))],
      [place, []],
    );
  }
  const descriptions = parameters?.map(({ description }) => description) ?? [];
  assert.deepEqual(descriptions.slice(0, 2), queries);
});

test("the reference page shows each description of a field twice: in the request and in the response", () => {
  const { html } = renderDocsPage(document, {}).page;
  const paragraphs = [...html.matchAll(/<p>([^<]*)<\/p>/g)].map(([, text = ""]) => text.replaceAll("&#39;", "'"));
  const countOf = (words: string) => paragraphs.filter((paragraph) => paragraph === words).length;
  assert.deepEqual(
    fields.filter((description) => countOf(description) !== 2),
    [],
  );
  assert.deepEqual(queries.map(countOf), [1, 1]);
  assert.equal(countOf("replaced by the outer description"), 0);
});

test("If-Range is documented for operations that support it", () => {
  const { parameters = [] } = document.paths["/described"]?.post ?? {};
  const header = parameters.find(({ name }) => name === "If-Range");
  assert.match(header?.description ?? "", /`Range`/);
});
