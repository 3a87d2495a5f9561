import type { Answer, AnswerHeader, Operation } from "../../http/operation.ts";
import { exampleOf } from "./example.ts";
import type { Schemas } from "./json-schemas.ts";
import type { Content, DocumentedAnswer, MediaType } from "./openapi-types.ts";
import { type DocumentedHeaderName, headerReferences } from "./response-headers.ts";

const jsonType = "application/json";
const withoutBody = new Set(["202", "204", "304"]);

/** Returns the successful responses, with those that follow from the request headers of the operation. */
export function answersOf(
  { answers, headers = [], method }: Pick<Operation, "answers" | "headers" | "method">,
  schemas: Schemas,
  commonHeaders: readonly DocumentedHeaderName[],
): Readonly<Record<string, DocumentedAnswer>> {
  const hasEtag = headers.includes("If-None-Match") || (headers.includes("If-Match") && method !== "delete");
  const unchanged = { 304: { description: "Not modified." } };
  const all = { ...(headers.includes("If-None-Match") && unchanged), ...answers };
  return Object.fromEntries(
    Object.entries(all).map(([status, answer]: [string, Answer]) => {
      const named = new Set<AnswerHeader>([...(hasEtag ? (["ETag"] as const) : []), ...(answer.headers ?? [])]);
      const references = headerReferences([...commonHeaders, ...named]);
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
  const first = contentType ?? jsonType;
  const alternate = (type: string) => {
    const named = alternateSchemas[type];
    return named === undefined ? plain(type) : withExample(named, schemas);
  };
  const described = schema && withExample(schema, schemas, example);
  return {
    [first]: described ?? plain(first),
    ...Object.fromEntries(alternateTypes.map((type) => [type, alternate(type)])),
  };
}

function withExample(
  schema: NonNullable<Answer["schema"]>,
  schemas: Schemas,
  differences?: Answer["example"],
): MediaType {
  const described = schemas.of(schema, "output");
  const example = exampleOf(described, schemas.resolve);
  return { schema: described, example: differences === undefined ? example : Object.assign({}, example, differences) };
}

function plain(type: string): MediaType {
  if (type.startsWith("text/") || type === "application/x-ndjson") return { schema: { type: "string" } };
  return /[/+]json$/.test(type) ? {} : { schema: { type: "string", format: "binary" } };
}
