import type { DocumentedOperation } from "../document/openapi-types.ts";
import { origin } from "../page-origin.ts";
import { pretty } from "./formatting.ts";

/** Returns a curl command for the operation. Values to fill in are shell variables. */
export function curlOf(
  method: string,
  path: string,
  { parameters = [], requestBody, ...operation }: DocumentedOperation,
): string {
  const url = `${origin}${path.replaceAll(/\{(\w+)\}/g, (_, name: string) => `$${shellVariable(name)}`)}`;
  const content = requestBody?.content ?? {};
  const example = content["application/json"]?.example;
  const [field] = Object.keys(content["multipart/form-data"]?.schema?.properties ?? {});
  const acceptsIdempotencyKey = parameters.some(({ name }) => name === "Idempotency-Key");
  const isStream = Object.values(operation.responses).some(
    (answer) => "content" in answer && answer.content?.["text/event-stream"],
  );
  const parts = [
    `curl${isStream ? " -N" : ""}${method === "get" ? "" : ` -X ${method.toUpperCase()}`} "${url}"`,
    tokenVariables[operation["x-access"]] && `-H "Authorization: Bearer $${tokenVariables[operation["x-access"]]}"`,
    acceptsIdempotencyKey && `-H "Idempotency-Key: $(uuidgen)"`,
    example !== undefined && `--json '${bodyText(example).replaceAll("'", String.raw`'\''`)}'`,
    field !== undefined && `-F ${field}=@picture.jpg`,
  ];
  return parts.filter(Boolean).join(" \\\n  ");
}

/** Returns the JSON body, on one line if it is short. */
function bodyText(value: unknown): string {
  const line = JSON.stringify(value);
  return line.length <= 60 ? line : pretty(value).replaceAll("\n", "\n  ");
}

const tokenVariables = {
  everyone: "",
  member: "TOKEN",
  account: "TOKEN",
  session: "TOKEN",
  admin: "TOKEN",
  operator: "OPS_TOKEN",
} as const;

const shellVariable = (name: string): string => name.replaceAll(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase();
