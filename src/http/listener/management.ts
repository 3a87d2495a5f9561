import { createServer, type Server } from "node:http";
import { AppError } from "../../core/app-error.ts";
import { newRequestId } from "../../core/ids.ts";
import type { Ops } from "../../kit/http/operator-endpoints.ts";
import type { Probes } from "../../kit/http/probes.ts";
import { sendProblem } from "../problem.ts";
import type { ListenerLimits } from "./listener.ts";

export type ManagementDeps = { probes: Pick<Probes, "answer">; ops: Pick<Ops, "answer">; limits: ListenerLimits };

/** A separate listener for operator endpoints, so that the public port does not serve them at all. */
export function createManagementServer({ probes, ops, limits }: ManagementDeps): Server {
  return createServer(
    {
      headersTimeout: limits.headersTimeoutMs,
      requestTimeout: limits.headersTimeoutMs,
      keepAliveTimeout: limits.keepAliveTimeoutMs,
      connectionsCheckingInterval: 1000,
    },
    (request, response) => {
      if (probes.answer(request, response) || ops.answer(request, response)) return;
      sendProblem(
        response,
        new AppError("not_found", "Only probes and operator endpoints are served on this port."),
        newRequestId(),
      );
    },
  );
}
