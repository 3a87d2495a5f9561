import type { Edge } from "../support/edge.ts";
import { bodyCases } from "./body-cases.ts";
import { connectionCases } from "./connection-cases.ts";
import { forgedHeaderCases } from "./forged-header-cases.ts";
import { framingCases } from "./framing-cases.ts";
import { hiddenPathCases } from "./hidden-path-cases.ts";
import { logCases } from "./log-cases.ts";
import { retryCases } from "./retry-cases.ts";

/** Registers the tests that NGINX and HAProxy both have to pass. Fake upstreams record the requests that they receive. */
export function requestCases(edge: () => Edge): void {
  hiddenPathCases(edge);
  forgedHeaderCases(edge);
  framingCases(edge);
  bodyCases(edge);
  logCases(edge);
  retryCases(edge);
  connectionCases(edge);
}
