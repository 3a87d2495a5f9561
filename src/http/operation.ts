import type { Request, Response } from "express";
import type { z } from "zod";
import type { ErrorCode } from "../core/errors/app-error.ts";
import type { StoreCapability } from "../core/store-capability.ts";
import type { Access, Caller, SessionCaller } from "./access.ts";
import type { BodyLimit } from "./input/request-body.ts";
import type { Reply } from "./responses.ts";

export type RequestHeader = "Idempotency-Key" | "If-Match" | "If-None-Match" | "If-Range" | "Last-Event-ID" | "Range";

/** Response headers of this operation, in addition to those that all responses have. */
export type AnswerHeader = "ETag" | "Location" | "Set-Cookie" | "Accept-Ranges" | "Content-Range";

export type Answer = {
  description: string;
  schema?: z.ZodType;
  contentType?: string;
  /** Further content types that the client can select by `Accept`. */
  alternateTypes?: readonly string[];
  /** The schemas of those alternate types that are JSON. */
  alternateSchemas?: Readonly<Record<string, z.ZodType>>;
  headers?: readonly AnswerHeader[];
  /** Members of the documented example that differ from the examples of the fields. */
  example?: Readonly<Record<string, unknown>>;
};

export type Method = "get" | "post" | "put" | "patch" | "delete";

/** The schema of the parameters, the query or the body, if the operation has them. */
export type Schema = z.ZodType | undefined;
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
 * By default an operation with `access` needs Postgres: reads for a GET, writes for every other method. Redis is not
 * needed by default, because while it is unavailable, bearer tokens are checked in Postgres.
 */
export function needsOf({ needs, access, method }: Pick<Operation, "needs" | "access" | "method">): StoreNeeds {
  if (needs !== undefined) return needs;
  return access === undefined ? {} : { postgres: method === "get" ? "read" : "write" };
}
