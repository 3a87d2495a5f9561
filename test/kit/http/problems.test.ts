import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import { test } from "node:test";
import { z } from "zod";
import { problemKinds, toProblem } from "../../../src/http/problem.ts";
import { kitProblems, sendKitProblem } from "../../../src/kit/http/problems.ts";
import { atEnd } from "../../shared/at-end.ts";

for (const [code, kind] of Object.entries(kitProblems)) {
  test(`the kit and the server answer ${code} with the same status and title`, () => {
    assert.partialDeepStrictEqual(Object.entries(problemKinds).find(([known]) => known === code)?.[1], kind);
  });
}

test("the kit and the server answer an uncaught exception with the same detail", async () => {
  const error = new Error("not meant for callers");
  const server = createServer((_request, response) => sendKitProblem(response, error, "an-id")).listen(0, "127.0.0.1");
  atEnd(() => server.close());
  await once(server, "listening");
  const { port } = z.object({ port: z.number() }).parse(server.address());
  const problem: unknown = await (await fetch(`http://127.0.0.1:${port}/`)).json();
  assert.equal(z.object({ detail: z.string() }).parse(problem).detail, toProblem(error, "an-id").detail);
});
