import type { Request, Response } from "express";
import { z } from "zod";
import { AppError, type ErrorCode, type FieldError } from "../core/app-error.ts";
import type { Role } from "../core/role.ts";
import type { StoreCapability } from "../core/store-capability.ts";
import { queryFields } from "./input/query-fields.ts";
import { readJson } from "./input/read-json.ts";
import { assertBodyFits, type BodyLimit, hasBody, jsonBodyLimit, smallBodyLimit } from "./input/request-body.ts";
import type { Reply } from "./responses.ts";

export type RequestHeader = "Idempotency-Key" | "If-Match" | "If-None-Match" | "If-Range" | "Last-Event-ID" | "Range";

/** Response headers of this operation, in addition to those that all responses have. */
export type AnswerHeader = "ETag" | "Location" | "Set-Cookie" | "Accept-Ranges" | "Content-Range";

/** The credentials that an operation accepts; `access` of an operation. */
export type Access =
  /** Every authenticated user; an API key needs the scope of the method. */
  | "member"
  /** The user, not a machine of the user: API keys are refused. */
  | "account"
  /** A session that began with a password: API keys and tokens of trusted issuers are refused. */
  | "session"
  /** An administrator, without API keys. */
  | "admin";

export type Answer = {
  description: string;
  schema?: z.ZodType;
  contentType?: string;
  /** Further content types that the client can select by `Accept`. */
  alternateTypes?: readonly string[];
  /** The schemas of those content types that are JSON. */
  alternateSchemas?: Readonly<Record<string, z.ZodType>>;
  headers?: readonly AnswerHeader[];
  /** Members of the documented example that differ from the examples of the fields. */
  example?: Readonly<Record<string, unknown>>;
};

export type Method = "get" | "post" | "put" | "patch" | "delete";

export type SessionCaller = { by: "session"; userId: string; sessionId: string; role: Role };

/** The authenticated user, and the credential. */
export type Caller =
  | SessionCaller
  | { by: "api_key"; userId: string; keyId: string; role: Role }
  | { by: "issuer"; userId: string; tokenId: string; endsAt: Date; role: Role };

/** Returns the authenticated user, or throws. Adds response headers that belong to the credential. */
export type AuthenticateCaller = (request: Request, response: Response) => Promise<Caller>;

type Schema = z.ZodType | undefined;
type Parsed<S extends Schema> = S extends z.ZodType ? z.output<S> : undefined;

/** One API operation. The same description is used to route, validate and document it. */
export type Operation<
  Params extends Schema = Schema,
  Query extends Schema = Schema,
  Body extends Schema = Schema,
  Allowed extends Access | undefined = Access | undefined,
> = {
  id: string;
  method: Method;
  /** In OpenAPI form: `/units/{unitId}/leases` */
  path: string;
  summary: string;
  /** A longer text than the summary; code in backticks. */
  description?: string;
  tag: string;
  /** Public if absent. */
  access?: Allowed;
  /** The capabilities of the stores that the operation needs; see `needsOf` for the default. */
  needs?: StoreNeeds;
  params?: Params;
  query?: Query;
  body?: Body;
  /** `jsonBodyLimit` if absent. */
  bodyLimit?: BodyLimit;
  /** A file that the handler reads itself, as the body or as a field of a form. */
  upload?: {
    field: string;
    /** The content types of the file itself. */
    fileTypes: readonly string[];
    contentTypes: readonly string[];
    description: string;
  };
  /** Request headers that this operation uses, in addition to those of all operations. */
  headers?: readonly RequestHeader[];
  /** The handler limits the rate of attempts and may answer 429. */
  rateLimited?: boolean;
  /** Errors of this operation, in addition to those that follow from the other members. */
  problems?: readonly ErrorCode[];
  answers: Readonly<Record<number, Answer>>;
};

/** An operation that the listener answers before the routers. The description is used for documentation only. */
export type ListenerOperation = Omit<Operation, "access"> & { access?: "operator" };

type CallerWith<Allowed extends Access | undefined> = Allowed extends undefined
  ? undefined
  : Allowed extends "session"
    ? SessionCaller
    : Caller;

export type Input<
  Params extends Schema,
  Query extends Schema,
  Body extends Schema,
  Allowed extends Access | undefined,
> = {
  params: Parsed<Params>;
  query: Parsed<Query>;
  body: Parsed<Body>;
  caller: CallerWith<Allowed>;
  request: Request;
  response: Response;
};

export type Handler<P extends Schema, Q extends Schema, B extends Schema, A extends Access | undefined> = (
  input: Input<P, Q, B, A>,
) => Promise<Reply> | Reply;

export function operation<
  P extends Schema = undefined,
  Q extends Schema = undefined,
  B extends Schema = undefined,
  const A extends Access | undefined = undefined,
>(description: Operation<P, Q, B, A>): Operation<P, Q, B, A> {
  return description;
}

/**
 * The store capabilities that an operation needs. While the breaker of such a capability is open, requests are rejected
 * at once.
 */
export type StoreNeeds = { postgres?: StoreCapability; redis?: StoreCapability };

/**
 * By default an operation of users needs Postgres: reads for a GET, writes for every other method. Redis is not needed
 * by default, because while it is unavailable, bearer tokens are checked in Postgres.
 */
export function needsOf({ needs, access, method }: Pick<Operation, "needs" | "access" | "method">): StoreNeeds {
  if (needs !== undefined) return needs;
  return access === undefined ? {} : { postgres: method === "get" ? "read" : "write" };
}

/** `assertNeeds` throws if a capability that the operation needs is down. */
type HandleRoute = (request: Request, response: Response, assertNeeds: () => void) => Promise<void>;

type RegisteredRoute = { method: Method; template: string; needs: StoreNeeds; handle: HandleRoute };

/** Registers operations with their handlers. The 405 handler, the documentation and the metrics use the same list. */
export function createRoutes(prefix: string, authenticate: AuthenticateCaller = rejectAnonymous) {
  const operations: Operation[] = [];
  const handlers: RegisteredRoute[] = [];
  return {
    prefix,
    operations: operations as readonly Operation[],
    handlers: handlers as readonly RegisteredRoute[],
    add<P extends Schema, Q extends Schema, B extends Schema, A extends Access | undefined>(
      described: Operation<P, Q, B, A>,
      handler: Handler<P, Q, B, A>,
    ) {
      const template = `${prefix}${described.path}`;
      operations.push(described as Operation);
      const handle: HandleRoute = async (request, response, assertNeeds) => {
        request.context.route = template;
        if (described.upload === undefined) assertBodyFits(request, bodyLimitOf(described));
        // Shared caches must not store what one user sees.
        if (described.access) response.setHeader("Cache-Control", "private, no-cache");
        const caller = described.access && authorize(described.access, await authenticate(request, response), request);
        // After the sign-in, so that a session that has ended gets 401, and before the body is read.
        assertNeeds();
        const reply = await handler((await readInput(described, caller, request, response)) as Input<P, Q, B, A>);
        // The deadline may have sent a response already.
        if (!response.headersSent) reply.send(request, response);
      };
      handlers.push({ method: described.method, template, needs: needsOf(described as Operation), handle });
    },
  };
}

export type Routes = Pick<ReturnType<typeof createRoutes>, "prefix" | "operations" | "handlers">;

async function rejectAnonymous(): Promise<never> {
  throw new AppError("unauthorized", "This server has no sign-in.");
}

function authorize(access: Access, caller: Caller, request: Request): Caller {
  request.context.userId = caller.userId;
  if (access === "member") return caller;
  if (caller.by === "api_key") throw new AppError("forbidden", "API keys are not accepted for this operation.");
  if (access === "session" && caller.by !== "session")
    throw new AppError("forbidden", "This operation requires a session that began with a password.");
  if (access === "admin" && caller.role !== "admin")
    throw new AppError("forbidden", "Only administrators may do this.");
  return caller;
}

/** Operations without a body accept an empty JSON object, because some clients always send one. */
const bodyLimitOf = ({ body, bodyLimit }: Pick<Operation, "body" | "bodyLimit">): BodyLimit =>
  bodyLimit ?? (body === undefined ? smallBodyLimit : jsonBodyLimit);

async function readInput(operation: Operation, caller: Caller | undefined, request: Request, response: Response) {
  const { method, params, query, body, upload } = operation;
  const readBody = () => readJson(request, bodyLimitOf(operation));
  const errors: FieldError[] = [];
  const read = (schema: Schema, value: unknown): unknown => {
    const result = schema?.safeParse(value, { reportInput: true });
    for (const issue of result?.error?.issues ?? []) errors.push(...fieldErrors(issue));
    return result?.data;
  };
  const input = {
    params: read(params, request.params),
    query: read(query ?? noFields, queryFields(request.url)),
    body: read(body, body && (hasBody(request) || !isOptional(body) ? await readBody() : undefined)),
    caller,
    request,
    response,
  };
  const takesNoBody = body === undefined && upload === undefined && method !== "get";
  if (takesNoBody && hasBody(request)) read(noFields, await readBody());
  if (errors.length > 0) {
    const detail = errors
      .map(({ path, message }) => `${path || "body"}: ${message}`)
      .slice(0, 3)
      .join("; ");
    throw new AppError("validation_failed", detail, { errors });
  }
  return input;
}

/** Returns whether an operation can be called without the body that it takes. */
export const isOptional = (body: z.ZodType): boolean => body instanceof z.ZodOptional;

const noFields = z.strictObject({});

const maxUnknownFields = 20;

function fieldErrors(issue: z.core.$ZodIssue): FieldError[] {
  const path = issue.path.map(String).join(".");
  if (issue.code !== "unrecognized_keys") {
    const isMissing = "input" in issue && issue.input === undefined;
    return [{ path, message: isMissing ? "is required" : issue.message }];
  }
  return issue.keys.slice(0, maxUnknownFields).map((key) => ({
    path: path === "" ? key : `${path}.${key}`,
    message: "is not a known field",
  }));
}
