import type { IncomingMessage, ServerResponse } from "node:http";
import express, { type Express } from "express";
import { maxBufferedBodyBytes } from "./config/memory-budget.ts";
import { AppError } from "./core/errors/app-error.ts";
import { createByteBudget } from "./core/limits/byte-budget.ts";
import type { Logger } from "./core/logging/logger.ts";
import { withOwnWaits } from "./core/timing/waits.ts";
import type { StartRequestTrace } from "./core/tracer.ts";
import { cors } from "./http/cors.ts";
import type { Routes } from "./http/create-routes.ts";
import { handleErrors, redirectBrowsers, rejectOptions, rejectUnknownRoute } from "./http/error-handlers.ts";
import { createBodyDiscarder } from "./http/listener/discard-unread-body.ts";
import type { ListenerApp } from "./http/listener/listener.ts";
import { createPipeliningLimit } from "./http/listener/pipelining-limit.ts";
import type { Trust } from "./http/listener/proxy-trust.ts";
import { clientDisconnected, createContext, requestIdOf } from "./http/listener/request-context.ts";
import { announcesBody, assertReadableUrl, framingError } from "./http/listener/request-guard.ts";
import type { RequestQueue } from "./http/listener/request-queue.ts";
import type { StoreNeeds } from "./http/operation.ts";
import { sendProblem } from "./http/problem.ts";
import { resourceRouter } from "./http/resource-router.ts";
import { toOriginForm } from "./kit/http/request-target.ts";
import type { Connections } from "./kit/lifecycle/connections.ts";
import { type AboutDeps, aboutRoutes } from "./openapi/routes.ts";

// Everything a request passes, in order: the checks before Express (`createApp`), then Express (`createExpressApp`),
// then the operation that the routers select (`http/create-routes.ts`).

export type AppDeps = ExpressDeps & {
  /** Answers probes and operator endpoints; returns false for every other request. */
  answerOps(request: IncomingMessage, response: ServerResponse): boolean;
  /** Returns false while the event loop is saturated. */
  admits(): boolean;
  /** Starts requests at a pace that leaves the event loop free, and refuses those that waited for too long. */
  queue: RequestQueue;
  /** Begins the trace of a request. Returns undefined while tracing is off. */
  startTrace: StartRequestTrace;
  /** Called at the end of every request that is not answered by `answerOps`: access log and metrics. */
  onFinished(request: IncomingMessage, response: ServerResponse): void;
  connections: Connections;
  trust: Trust;
  securityHeaders: ReadonlyMap<string, string>;
};

export function createApp({
  answerOps,
  admits,
  queue,
  startTrace,
  onFinished,
  connections,
  securityHeaders,
  ...expressDeps
}: AppDeps): ListenerApp {
  const { trust } = expressDeps;
  const expressApp = createExpressApp(expressDeps);
  const bodyDiscarder = createBodyDiscarder();
  const pipelining = createPipeliningLimit();
  const bodyBudget = createByteBudget({ maxBytes: maxBufferedBodyBytes, rejectionError: tooManyBodies });
  return {
    express: expressApp,
    handle(request, response, sendContinue) {
      // The connection: refuses requests after `Connection: close`, and requests that a proxy could parse differently.
      if (bodyDiscarder.isClosing(request.socket)) {
        request.socket.destroy();
        return;
      }
      const fault = pipelining.error(request.socket) ?? framingError(request) ?? toOriginForm(request);
      if (fault !== undefined || connections.isClosing()) response.shouldKeepAlive = false;
      if (announcesBody(request)) bodyDiscarder.watch(request, response);

      // Probes and operator endpoints: answered here, whatever the load.
      if (fault === undefined && answerOps(request, response)) return;

      // Request id, trace, deadline, access log, metrics, security headers.
      connections.begin(request, response);
      request.context = createContext(requestIdOf(request, trust), request.url ?? "", bodyBudget, sendContinue);
      const trace = startTrace(request, request.context.id);
      if (trace !== undefined) {
        request.context.trace = trace;
        response.setHeader("traceresponse", trace.traceparent);
      }
      response.on("close", () => {
        if (!response.writableFinished) request.context.abort(clientDisconnected);
        onFinished(request, response);
      });
      for (const [name, value] of securityHeaders) response.setHeader(name, value);
      response.setHeader("X-Request-Id", request.context.id);

      const refuse = (error: unknown) => void sendProblem(response, error, request.context.id);

      // Refused before any work: malformed requests, and all requests while the event loop is saturated.
      if (fault !== undefined) return refuse(new AppError("bad_request", fault));
      try {
        assertReadableUrl(request.url ?? "");
      } catch (error) {
        return refuse(error);
      }
      if (!admits()) return refuse(overloaded(2));

      // Waits for its start, and is refused if it waited for too long. Meanwhile its deadline may pass or its client leave.
      const start = () => {
        const answer = () => withOwnWaits(() => void expressApp(request, response));
        if (trace === undefined) answer();
        else trace.run(answer);
      };
      const waiting = {
        start,
        refuse: (retryAfterSeconds: number) => refuse(overloaded(retryAfterSeconds)),
        isOver: () => response.writableEnded || response.destroyed,
      };
      // Requests of one connection are processed in order: the queue may start a later one first.
      const previous = connections.exchangesOf(request.socket).at(-2);
      if (previous === undefined) queue.run(waiting);
      else previous.response.on("close", () => queue.run(waiting));
    },
  };
}

const overloaded = (retryAfterSeconds: number) =>
  new AppError("overloaded", "Retry in a moment.", { retryAfterSeconds });

const tooManyBodies = () =>
  new AppError("overloaded", "Too many large requests are being read. Retry in a moment.", { retryAfterSeconds: 1 });

export type ExpressDeps = {
  about: AboutDeps;
  /** The routes of the accounts and the features. */
  routes: readonly Routes[];
  /** Routes that the API reference does not list. */
  unlistedRoutes: readonly Routes[];
  /** Throws while a store lacks what the operation needs. */
  assertAvailable: (needs: StoreNeeds) => void;
  trust: Pick<Trust, "trusts">;
  logger: Logger;
  corsOrigins: readonly string[];
};

function createExpressApp({
  about,
  routes,
  unlistedRoutes,
  assertAvailable,
  trust,
  logger,
  corsOrigins,
}: ExpressDeps): Express {
  const allRoutes = [...routes, ...unlistedRoutes, aboutRoutes(about, routes)];
  const rejectUnknown = rejectUnknownRoute(allRoutes);
  const app = express();
  app.disable("x-powered-by");
  app.disable("etag");
  app.enable("case sensitive routing");
  app.set("query parser", false);
  app.set("trust proxy", trust.trusts);

  if (corsOrigins.length > 0) app.use(cors(corsOrigins));
  app.use(rejectOptions(rejectUnknown));
  app.use(resourceRouter(allRoutes, assertAvailable));
  app.use(redirectBrowsers);
  app.use(rejectUnknown);
  app.use(handleErrors(logger));
  return app;
}
