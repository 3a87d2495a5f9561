import { setTimeout as sleep } from "node:timers/promises";
import type { Document } from "../../src/openapi/document/openapi-types.ts";
import type { ApiOperation } from "../openapi/support/api-document.ts";
import { readDocument } from "../openapi/support/api-document.ts";
import { visit } from "../openapi/support/visitor.ts";
import { bearer } from "../shared/requests/people.ts";
import type { Case, HostileRequest } from "./case.ts";
import { inputsOf } from "./inputs.ts";
import { processorMs, settledProcessorMs } from "./processor-time.ts";
import { createRandom, type Random } from "./random.ts";
import { hostileRequests } from "./requests.ts";
import { type Outcome, send } from "./send.ts";

export const maxProcessorMs = 50;
/** The maximum size of a problem or of a probe's response. */
const maxSmallResponseBytes = 20_000;
const batchSize = 12;
const repetitions = 3;

export type Violation = { label: string; why: string; request: string };

export type Report = {
  requests: number;
  operations: readonly string[];
  worstMs: number;
  worst: string;
  violations: Violation[];
};

export type HarnessOptions = { url: string; pid: number; seed: number; perInput: number; until?: () => boolean };

/**
 * Sends hostile requests to every operation of the document, signed in and anonymous, and measures the processor time of
 * the event loop. Requests are measured in batches; those of an expensive batch are repeated one by one.
 */
export async function attack({ url, pid, seed, perInput, until = () => false }: HarnessOptions): Promise<Report> {
  const random = createRandom(seed);
  const { document, operations } = await readDocument(url);
  const report: Report = {
    requests: 0,
    operations: operations.map(({ id }) => id),
    worstMs: 0,
    worst: "",
    violations: [],
  };
  for (const operation of operations) {
    if (until()) break;
    const cases = await retryWhileOverloaded(() => buildCases(url, document, operation, operations, random, perInput));
    while (cases.length > 0) await runBatch(url, pid, cases.splice(0, batchSize), report);
  }
  return report;
}

/** Retries while the server rejects requests as overloaded, because an earlier request may have blocked its event loop. */
async function retryWhileOverloaded<T>(prepare: () => Promise<T>): Promise<T> {
  for (let triesLeft = 20; ; triesLeft -= 1) {
    try {
      return await prepare();
    } catch (error) {
      if (triesLeft === 0 || !(error instanceof Error) || !error.message.includes('"overloaded"')) throw error;
      await sleep(500);
    }
  }
}

/**
 * Builds the cases of one operation with a new account, because earlier requests may have ended the session of the
 * previous account.
 */
async function buildCases(
  url: string,
  document: Document,
  operation: ApiOperation,
  operations: readonly ApiOperation[],
  random: Random,
  perInput: number,
): Promise<Case[]> {
  const visitor = await visit(url, operations);
  const path = await visitor.pathOf(operation);
  const inputs = inputsOf(document, operation);
  const signedIn = { operation, path, inputs, credentials: bearer(visitor) };
  const anonymous = { operation, path, inputs, credentials: {} };
  const isPublic = operation.access === "everyone" || operation.access === "operator";
  return [
    ...hostileRequests(signedIn, random, perInput),
    ...hostileRequests(anonymous, random, isPublic ? perInput : Math.ceil(perInput / 4)),
  ];
}

async function runBatch(url: string, pid: number, cases: readonly Case[], report: Report): Promise<void> {
  const requests = cases.map((make) => make());
  const before = await settledProcessorMs(pid);
  for (const request of requests) {
    recordViolations(request, await sendUntilServed(url, request), report);
    report.requests += 1;
  }
  const total = (await settledProcessorMs(pid)) - before;
  if (total < maxProcessorMs) return;
  for (const request of requests) await measure(url, pid, request, report);
}

/** Sends a request, and retries it while the server rejects it as overloaded. */
async function sendUntilServed(url: string, request: HostileRequest): Promise<Outcome> {
  let outcome = await send(url, request);
  for (let triesLeft = 20; outcome.status === 503 && triesLeft > 0; triesLeft -= 1) {
    await sleep(250);
    outcome = await send(url, request);
  }
  return outcome;
}

/**
 * Returns the minimum of several attempts, because garbage collection and compilation are not a cost of the request.
 */
async function measure(url: string, pid: number, request: HostileRequest, report: Report): Promise<void> {
  let minMs = Number.POSITIVE_INFINITY;
  for (let tries = 0; tries < repetitions && minMs > maxProcessorMs / 5; tries += 1) {
    const before = processorMs(pid);
    await sendUntilServed(url, request);
    minMs = Math.min(minMs, (await settledProcessorMs(pid)) - before);
  }
  if (minMs > report.worstMs) Object.assign(report, { worstMs: minMs, worst: request.label });
  if (minMs > maxProcessorMs) report.violations.push(violationOf(request, `${Math.round(minMs)} ms of the event loop`));
}

function recordViolations(request: HostileRequest, { status, bytes, contentType }: Outcome, report: Report): void {
  const isSmall = contentType.startsWith("application/problem+json") || request.path.startsWith("/ready");
  if (status === 0) report.violations.push(violationOf(request, "no response"));
  if (status === 500) report.violations.push(violationOf(request, "status 500"));
  if (isSmall && bytes > maxSmallResponseBytes)
    report.violations.push(violationOf(request, `a response of ${bytes} bytes`));
}

const violationOf = (request: HostileRequest, why: string): Violation => ({
  label: request.label,
  why,
  request: formatRequest(request),
});

function formatRequest({ method, path, headers, body }: HostileRequest): string {
  const shorten = (text: string) => (text.length > 200 ? `${text.slice(0, 200)}… (${text.length})` : text);
  const lines = Object.entries(headers)
    .filter(([name]) => !/^authorization$/i.test(name))
    .map(([name, value]) => `${name}: ${shorten(value)}`);
  const bytes = body === undefined ? [] : [`body, base64: ${shorten(body.toString("base64"))}`];
  return [`${method} ${shorten(path)}`, ...lines, ...bytes].join("\n");
}
