import type { Request, Response } from "express";
import { z } from "zod";
import { AppError, type FieldError } from "../../core/errors/app-error.ts";
import type { Caller } from "../access.ts";
import type { Operation, Schema } from "../operation.ts";
import { queryFields } from "./query-fields.ts";
import { readJson } from "./read-json.ts";
import { type BodyLimit, hasBody, jsonBodyLimit, smallBodyLimit } from "./request-body.ts";

/** Operations without a body accept an empty JSON object, because some clients always send one. */
export const bodyLimitOf = ({ body, bodyLimit }: Pick<Operation, "body" | "bodyLimit">): BodyLimit =>
  bodyLimit ?? (body === undefined ? smallBodyLimit : jsonBodyLimit);

/** Reads and validates the parameters, the query and the body of a request, and reports all faults at once. */
export async function readInput(
  operation: Operation,
  caller: Caller | undefined,
  request: Request,
  response: Response,
) {
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
