import { bodyCases } from "./body-cases.ts";
import { claimCases } from "./claim-cases.ts";
import { connectionCases } from "./connection-cases.ts";
import type { Edge } from "./edge.ts";
import { framingCases } from "./framing-cases.ts";
import { hidingCases } from "./hiding-cases.ts";
import { logCases } from "./log-cases.ts";
import { retryCases } from "./retry-cases.ts";

/** Cases for every request and every proxy. Fake upstreams return the request that they received. */
export function requestCases(edge: () => Edge): void {
  hidingCases(edge);
  claimCases(edge);
  framingCases(edge);
  bodyCases(edge);
  logCases(edge);
  retryCases(edge);
  connectionCases(edge);
}
