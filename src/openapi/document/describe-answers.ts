import type { Answer, AnswerHeader, Operation } from "../../http/operation.ts";
import { exampleOf } from "./example.ts";
import type { Schemas } from "./json-schemas.ts";
import type { Content, DocumentedAnswer, MediaType } from "./openapi-types.ts";
import { type DocumentedHeaderName, headerReferences } from "./response-headers.ts";

const jsonType = "application/json";
const withoutBody = new Set(["202", "204", "304"]);

/** Returns the successful responses. Adds the 304 and the `ETag` headers that follow from the request headers of the operation. */
export function answersOf(
  { answers, headers = [], method }: Pick<Operation, "answers" | "headers" | "method">,
  schemas: Schemas,
  commonHeaders: readonly DocumentedHeaderName[],
): Readonly<Record<string, DocumentedAnswer>> {
  const hasEtag = headers.includes("If-None-Match") || (headers.includes("If-Match") && method !== "delete");
  const unchanged = { 304: { description: "Not modified." } };
  const allAnswers = { ...(headers.includes("If-None-Match") && unchanged), ...answers };
  return Object.fromEntries(
    Object.entries(allAnswers).map(([status, answer]: [string, Answer]) => {
      const ownHeaders = new Set<AnswerHeader>([...(hasEtag ? (["ETag"] as const) : []), ...(answer.headers ?? [])]);
      const references = headerReferences([...commonHeaders, ...ownHeaders]);
      return [
        status,
        {
          description: answer.description,
          ...(Object.keys(references).length > 0 && { headers: references }),
          ...(!withoutBody.has(status) && { content: contentOf(answer, schemas) }),
        },
      ];
    }),
  );
}

function contentOf(answer: Answer, schemas: Schemas): Content {
  const { schema, contentType, alternateTypes = [], alternateSchemas = {}, example } = answer;
  const mainType = contentType ?? jsonType;
  const alternate = (type: string) => {
    const alternateSchema = alternateSchemas[type];
    return alternateSchema === undefined ? withoutSchema(type) : withExample(alternateSchema, schemas);
  };
  const described = schema && withExample(schema, schemas, example);
  return {
    [mainType]: described ?? withoutSchema(mainType),
    ...Object.fromEntries(alternateTypes.map((type) => [type, alternate(type)])),
  };
}

function withExample(
  schema: NonNullable<Answer["schema"]>,
  schemas: Schemas,
  exampleChanges?: Answer["example"],
): MediaType {
  const described = schemas.toJsonSchema(schema, "output");
  const example = exampleOf(described, schemas.resolve);
  return {
    schema: described,
    example: exampleChanges === undefined ? example : Object.assign({}, example, exampleChanges),
  };
}

function withoutSchema(type: string): MediaType {
  if (type.startsWith("text/") || type === "application/x-ndjson") return { schema: { type: "string" } };
  return /[/+]json$/.test(type) ? {} : { schema: { type: "string", format: "binary" } };
}
