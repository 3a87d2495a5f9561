import type { Request, RequestHandler, Response } from "express";
import { z } from "zod";
import { AppError, type ErrorCode, type FieldError } from "../core/app-error.ts";
import type { Role } from "../core/role.ts";
import { queryFields } from "./query-fields.ts";
import { readJson } from "./read-json.ts";
import { assertBodyFits, type BodyLimit, hasBody, jsonBodyLimit, smallBodyLimit } from "./request-body.ts";
import type { Reply } from "./responses.ts";

export type RequestHeader = "Idempotency-Key" | "If-Match" | "If-None-Match" | "If-Range" | "Last-Event-ID" | "Range";

/** What an answer tells in its headers, beyond what every answer of its kind does. */
export type AnswerHeader = "ETag" | "Location" | "Set-Cookie" | "Accept-Ranges" | "Content-Range";

export type Answer = {
  description: string;
  schema?: z.ZodType;
  contentType?: string;
  /** The same in other forms, for whoever asks for them by `Accept`. */
  alternateTypes?: readonly string[];
  headers?: readonly AnswerHeader[];
};

export type Method = "get" | "post" | "put" | "patch" | "delete";

/** Who is calling, once that is known. */
export type Caller = { userId: string; sessionId: string; role: Role };

/** Finds out who is calling, or throws. */
export type AuthenticateCaller = (request: Request) => Promise<Caller>;

type Schema = z.ZodType | undefined;
type Parsed<S extends Schema> = S extends z.ZodType ? z.output<S> : undefined;
type Access = "member" | "admin" | undefined;

/** One call of the API: the same description routes it, validates it, and documents it. */
export type Operation<
  Params extends Schema = Schema,
  Query extends Schema = Schema,
  Body extends Schema = Schema,
  Allowed extends Access = Access,
> = {
  id: string;
  method: Method;
  /** As in OpenAPI: `/units/{unitId}/leases` */
  path: string;
  summary: string;
  /** What the summary has no room for; code in backticks. */
  description?: string;
  tag: string;
  /** Who may call it; everybody unless said. */
  access?: Allowed;
  params?: Params;
  query?: Query;
  body?: Body;
  /** How large the body may be, and whether it may be compressed; as `jsonBodyLimit` unless set. */
  bodyLimit?: BodyLimit;
  /** Bytes that the handler reads by itself, as they are or as a field of a form. */
  upload?: {
    field: string;
    /** Of the file itself. */
    fileTypes: readonly string[];
    contentTypes: readonly string[];
    description: string;
  };
  /** Request headers beyond those that every call may have. */
  headers?: readonly RequestHeader[];
  /** Its attempts are counted; too many are answered with 429. */
  rateLimited?: boolean;
  /** Failures beyond those that follow from the rest: of this call alone. */
  problems?: readonly ErrorCode[];
  answers: Readonly<Record<number, Answer>>;
};

/** A call that the listener answers in front of the routers: described for the document alone. */
export type ListenerOperation = Omit<Operation, "access"> & { access?: "operator" };

export type Input<Params extends Schema, Query extends Schema, Body extends Schema, Allowed extends Access> = {
  params: Parsed<Params>;
  query: Parsed<Query>;
  body: Parsed<Body>;
  caller: Allowed extends undefined ? undefined : Caller;
  request: Request;
  response: Response;
};

export type Handler<P extends Schema, Q extends Schema, B extends Schema, A extends Access> = (
  input: Input<P, Q, B, A>,
) => Promise<Reply> | Reply;

export function operation<
  P extends Schema = undefined,
  Q extends Schema = undefined,
  B extends Schema = undefined,
  const A extends Access = undefined,
>(description: Operation<P, Q, B, A>): Operation<P, Q, B, A> {
  return description;
}

type RegisteredRoute = { method: Method; template: string; handle: RequestHandler };

/** Operations with their handlers, so that 405, the documentation and the metrics need no list of their own. */
export function createRoutes(prefix: string, authenticate: AuthenticateCaller = rejectAnonymous) {
  const operations: Operation[] = [];
  const handlers: RegisteredRoute[] = [];
  return {
    prefix,
    operations: operations as readonly Operation[],
    handlers: handlers as readonly RegisteredRoute[],
    add<P extends Schema, Q extends Schema, B extends Schema, A extends Access>(
      described: Operation<P, Q, B, A>,
      handler: Handler<P, Q, B, A>,
    ) {
      const template = `${prefix}${described.path}`;
      operations.push(described as Operation);
      const handle = async (request: Request, response: Response) => {
        request.context.route = template;
        if (described.upload === undefined) assertBodyFits(request, bodyLimitOf(described));
        // What somebody sees of their own is for them alone, whatever stands between.
        if (described.access) response.setHeader("Cache-Control", "private, no-cache");
        const caller = described.access && (await authorize(described.access, authenticate, request));
        const reply = await handler((await readInput(described, caller, request, response)) as Input<P, Q, B, A>);
        // The deadline may have answered in the meantime.
        if (!response.headersSent) reply.send(request, response);
      };
      handlers.push({ method: described.method, template, handle });
    },
  };
}

export type Routes = Pick<ReturnType<typeof createRoutes>, "prefix" | "operations" | "handlers">;

async function rejectAnonymous(): Promise<never> {
  throw new AppError("unauthorized", "Nobody can sign in here.");
}

async function authorize(access: Access, authenticate: AuthenticateCaller, request: Request): Promise<Caller> {
  const caller = await authenticate(request);
  request.context.userId = caller.userId;
  if (access === "admin" && caller.role !== "admin") throw new AppError("forbidden", "This is for administrators.");
  return caller;
}

/** A call without a body of its own accepts an empty JSON object, which some clients always send. */
const bodyLimitOf = ({ body, bodyLimit }: Pick<Operation, "body" | "bodyLimit">): BodyLimit =>
  bodyLimit ?? (body === undefined ? smallBodyLimit : jsonBodyLimit);

async function readInput(operation: Operation, caller: Caller | undefined, request: Request, response: Response) {
  const { method, params, query, body, upload } = operation;
  const readBody = () => readJson(request, bodyLimitOf(operation));
  const faults: FieldError[] = [];
  const read = (schema: Schema, value: unknown): unknown => {
    const result = schema?.safeParse(value, { reportInput: true });
    for (const issue of result?.error?.issues ?? []) faults.push(...fieldErrors(issue));
    return result?.data;
  };
  const input = {
    params: read(params, request.params),
    query: read(query ?? noFields, queryFields(request.url)),
    body: read(body, body && (await readBody())),
    caller,
    request,
    response,
  };
  const takesNone = body === undefined && upload === undefined && method !== "get";
  if (takesNone && hasBody(request)) read(noFields, await readBody());
  if (faults.length > 0) {
    const detail = faults
      .map(({ path, message }) => `${path || "body"}: ${message}`)
      .slice(0, 3)
      .join("; ");
    throw new AppError("validation_failed", detail, { errors: faults });
  }
  return input;
}

const noFields = z.strictObject({});

const maxUnknownNamed = 20;

function fieldErrors(issue: z.core.$ZodIssue): FieldError[] {
  const path = issue.path.map(String).join(".");
  if (issue.code !== "unrecognized_keys") {
    const isAbsent = "input" in issue && issue.input === undefined;
    return [{ path, message: isAbsent ? "is needed" : issue.message }];
  }
  return issue.keys.slice(0, maxUnknownNamed).map((key) => ({
    path: path === "" ? key : `${path}.${key}`,
    message: "is not a known field",
  }));
}
