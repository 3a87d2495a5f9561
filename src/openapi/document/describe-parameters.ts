import type { z } from "zod";
import type { Operation, RequestHeader } from "../../http/operation.ts";
import type { Schemas } from "./json-schemas.ts";
import type { DocumentedParameter, JsonSchema } from "./openapi-types.ts";

const text = { type: "string" } as const;

const requestHeaders: Readonly<Record<RequestHeader, { description: string; schema: JsonSchema; example?: string }>> = {
  "Idempotency-Key": {
    description:
      "A unique key of your choice. A repeated request with the same key creates nothing and returns the first response.",
    schema: { ...text, minLength: 1, maxLength: 255, pattern: "^[!-~]*$" },
    example: "7c9e6679-7425-40de-944b-e07fc1f90ae7",
  },
  "If-Match": {
    description: "An `ETag`. If it is not the current version of the resource, the request fails with 412.",
    schema: text,
  },
  "If-None-Match": {
    description: "An `ETag`. If the resource has not changed, the response is 304 without a body.",
    schema: text,
  },
  "If-Range": {
    description: "An `ETag`. If the resource has changed, `Range` is ignored.",
    schema: text,
  },
  "Last-Event-ID": {
    description:
      "The id of the last received event. The stream continues after this event. If empty, it starts with new events.",
    schema: { ...text, pattern: "^[0-9]{0,19}$" },
  },
  Range: { description: "The requested byte range.", schema: text, example: "bytes=0-1023" },
};

export function parametersOf({ params, query, headers = [] }: Operation, schemas: Schemas): DocumentedParameter[] {
  return [
    ...fieldsOf(params, "path", schemas),
    ...fieldsOf(query, "query", schemas),
    ...headers.map((name) => ({ name, in: "header" as const, required: false, ...requestHeaders[name] })),
  ];
}

/** Documents the parsed type, such as an integer from 1 to 100, instead of the pattern of the text. */
function fieldsOf(schema: z.ZodType | undefined, place: "path" | "query", schemas: Schemas): DocumentedParameter[] {
  if (schema === undefined) return [];
  const { required = [], properties: asSent = {} } = schemas.toJsonSchema(schema, "input");
  const { properties = {} } = schemas.toJsonSchema(schema, "output");
  return Object.entries(properties).map(([name, asParsed]) => {
    const { description, examples, ...field } = { ...annotationsOf(asSent[name]), ...asParsed };
    return {
      name,
      in: place,
      required: place === "path" || required.includes(name),
      description: description ?? descriptionOf(name, place),
      schema: field,
      ...(examples !== undefined && { example: examples[0] }),
    };
  });
}

/** Describes parameters without a description of their own, such as `unitId` in a path or `status` as a filter of a list. */
const descriptionOf = (name: string, place: "path" | "query"): string =>
  place === "path"
    ? `The id of the ${name.replace(/Id$/, "").replaceAll(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`)}`
    : `Returns only items with this ${name}`;

/** Returns the description and examples as sent, because a schema with a `transform` may have them only before the `transform`. */
const annotationsOf = ({ description, examples }: JsonSchema = {}): JsonSchema => ({
  ...(description !== undefined && { description }),
  ...(examples !== undefined && { examples }),
});
