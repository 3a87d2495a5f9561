import { z } from "zod";
import { problemPath } from "../core/errors/problem-members.ts";
import { operation } from "../http/operation.ts";
import { problemKinds } from "../http/problem.ts";
import { identity } from "./identity.ts";

const tag = "About";

export const operations = {
  index: operation({
    id: "getIndex",
    method: "get",
    path: "",
    summary: "List the entry points",
    description: "Browsers receive a page, other clients JSON.",
    tag,
    query: z.looseObject({}),
    headers: ["If-None-Match"],
    answers: {
      200: {
        description: "The entry points of the API.",
        schema: z.object({
          ...identity,
          links: z.record(z.string(), z.string()).meta({ example: { docs: "/api/docs" } }),
        }),
        alternateTypes: ["text/html"],
      },
    },
  }),
  document: operation({
    id: "getDocument",
    method: "get",
    path: "/openapi.json",
    summary: "Get the OpenAPI document",
    tag,
    headers: ["If-None-Match"],
    answers: {
      200: {
        description: "OpenAPI 3.1, generated from the schemas that validate requests.",
        schema: z.looseObject({ openapi: z.string() }),
      },
    },
  }),
  docs: operation({
    id: "getDocs",
    method: "get",
    path: "/docs",
    summary: "Show the API reference",
    tag,
    headers: ["If-None-Match"],
    answers: { 200: { description: "An HTML page.", contentType: "text/html" } },
  }),
  problem: operation({
    id: "getProblem",
    method: "get",
    path: "/problems/{code}",
    summary: "Explain a problem type",
    tag,
    params: z.strictObject({
      code: z.string().meta({ description: "`code` of a problem", example: "validation_failed" }),
    }),
    answers: {
      200: {
        description: "The status and title of the problem code.",
        schema: z.object({
          type: z.string().meta({ example: problemPath("validation_failed") }),
          code: z.string().meta({ example: "validation_failed" }),
          status: z.int().meta({ example: 400 }),
          title: z.string().meta({ example: problemKinds.validation_failed.title }),
        }),
      },
    },
  }),
};
