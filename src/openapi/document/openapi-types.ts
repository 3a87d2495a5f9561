import type { Access as RouteAccess } from "../../http/access.ts";
import type { Method } from "../../http/operation.ts";

/** The subset of OpenAPI 3.1 that this server generates. */
export type Document = {
  openapi: string;
  info: {
    title: string;
    version: string;
    summary: string;
    description: string;
    license: { name: string; identifier: string };
  };
  servers: readonly { url: string; description: string }[];
  tags: readonly { name: string; description: string }[];
  paths: Readonly<Record<string, Readonly<Partial<Record<Method, DocumentedOperation>>>>>;
  components: Components;
};

export type Components = {
  schemas: Readonly<Record<string, JsonSchema>>;
  responses: Readonly<Record<string, DocumentedAnswer>>;
  headers: Readonly<Record<string, DocumentedHeader>>;
  securitySchemes: Readonly<Record<string, Readonly<Record<string, string>>>>;
};

/** Who may call an operation. `operator` means everyone, but with the operator token if the server has one. */
export type Access = "everyone" | RouteAccess | "operator";

export type DocumentedOperation = {
  operationId: string;
  summary: string;
  description?: string;
  tags: readonly string[];
  security: readonly Readonly<Record<string, readonly string[]>>[];
  "x-access": Access;
  /** Unknown query parameters are ignored instead of refused. */
  "x-any-query"?: true;
  parameters?: readonly DocumentedParameter[];
  requestBody?: { required: boolean; description?: string; content: Content };
  responses: Readonly<Record<string, DocumentedAnswer | Reference>>;
};

export type DocumentedParameter = {
  name: string;
  in: "path" | "query" | "header";
  required: boolean;
  description: string;
  schema: JsonSchema;
  example?: unknown;
};

export type DocumentedAnswer = {
  description: string;
  headers?: Readonly<Record<string, Reference>>;
  content?: Content;
};

export type DocumentedHeader = { description: string; required: boolean; schema: JsonSchema; example?: string };

export type Content = Readonly<Record<string, MediaType>>;

export type MediaType = {
  schema?: JsonSchema;
  example?: unknown;
  examples?: Readonly<Record<string, { value: unknown }>>;
  /** The encoding of each field of a form. */
  encoding?: Readonly<Record<string, { contentType: string }>>;
};

export type Reference = { $ref: string };

export type JsonSchema = {
  $ref?: string;
  type?: string | readonly string[];
  title?: string;
  description?: string;
  format?: string;
  pattern?: string;
  const?: unknown;
  enum?: readonly unknown[];
  default?: unknown;
  examples?: readonly unknown[];
  minimum?: number;
  maximum?: number;
  multipleOf?: number;
  minLength?: number;
  maxLength?: number;
  minProperties?: number;
  contentMediaType?: string;
  discriminator?: { propertyName: string; mapping?: Readonly<Record<string, string>> };
  properties?: Readonly<Record<string, JsonSchema>>;
  required?: readonly string[];
  additionalProperties?: boolean | JsonSchema;
  items?: JsonSchema;
  anyOf?: readonly JsonSchema[];
  oneOf?: readonly JsonSchema[];
  allOf?: readonly JsonSchema[];
};
