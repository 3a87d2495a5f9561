import type { z } from "zod";
import type { Operation, RequestHeader } from "../../http/operation.ts";
import type { Schemas } from "./schemas.ts";
import type { DocumentedParameter, JsonSchema } from "./types.ts";

const text = { type: "string" } as const;

const requestHeaders: Readonly<Record<RequestHeader, { description: string; schema: JsonSchema; example?: string }>> = {
  "Idempotency-Key": {
    description: "A key that you make up for this one create: repeated with it, it is done once and answered alike.",
    schema: { ...text, minLength: 1, maxLength: 255, pattern: "^[!-~]*$" },
    example: "7c9e6679-7425-40de-944b-e07fc1f90ae7",
  },
  "If-Match": {
    description: "The `ETag` that you read: where it was changed in between, nothing is done and the answer is 412.",
    schema: text,
  },
  "If-None-Match": { description: "The `ETag` that you have: while it is the same, the answer is 304.", schema: text },
  "If-Range": {
    description: "The `ETag` of the part that you have: where it is another by now, `Range` is passed over.",
    schema: text,
  },
  "Last-Event-ID": {
    description: "The id of the last event that you got: the stream goes on behind it. Empty: from now on.",
    schema: { ...text, pattern: "^[0-9]{0,19}$" },
  },
  Range: { description: "The part of the bytes that you want.", schema: text, example: "bytes=0-1023" },
};

export function parametersOf({ params, query, headers = [] }: Operation, schemas: Schemas): DocumentedParameter[] {
  return [
    ...fieldsOf(params, "path", schemas),
    ...fieldsOf(query, "query", schemas),
    ...headers.map((name) => ({ name, in: "header" as const, required: false, ...requestHeaders[name] })),
  ];
}

/** Described as what the text is read as: "a whole number from 1 to 100" says more than "digits". */
function fieldsOf(schema: z.ZodType | undefined, place: "path" | "query", schemas: Schemas): DocumentedParameter[] {
  if (schema === undefined) return [];
  const { required = [], properties: sent = {} } = schemas.of(schema, "input");
  const { properties = {} } = schemas.of(schema, "output");
  return Object.entries(properties).map(([name, read]) => {
    const { description, examples, ...field } = { ...wordsOf(sent[name]), ...read };
    return {
      name,
      in: place,
      required: place === "path" || required.includes(name),
      ...(description !== undefined && { description }),
      schema: field,
      ...(examples !== undefined && { example: examples[0] }),
    };
  });
}

/** A text that becomes something else may have been described before it did. */
const wordsOf = ({ description, examples }: JsonSchema = {}): JsonSchema => ({
  ...(description !== undefined && { description }),
  ...(examples !== undefined && { examples }),
});
