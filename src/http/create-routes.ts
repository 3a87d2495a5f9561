import type { Request, Response } from "express";
import { AppError } from "../core/errors/app-error.ts";
import { type Access, type AuthenticateCaller, authorize } from "./access.ts";
import { bodyLimitOf, readInput } from "./input/read-input.ts";
import { assertBodyFits } from "./input/request-body.ts";
import {
  type Handler,
  type Input,
  type Method,
  needsOf,
  type Operation,
  type Schema,
  type StoreNeeds,
} from "./operation.ts";

/** `assertNeeds` throws if a capability that the operation needs is down. */
type HandleRoute = (request: Request, response: Response, assertNeeds: () => void) => Promise<void>;

type RegisteredRoute = { method: Method; template: string; needs: StoreNeeds; handle: HandleRoute };

/** Registers operations with their handlers. The 405 handler, the documentation and the metrics use the same list. */
export function createRoutes(prefix: string, authenticate: AuthenticateCaller = rejectAnonymous) {
  const operations: Operation[] = [];
  const handlers: RegisteredRoute[] = [];
  return {
    prefix,
    operations: operations as readonly Operation[],
    handlers: handlers as readonly RegisteredRoute[],
    add<P extends Schema, Q extends Schema, B extends Schema, A extends Access | undefined>(
      operation: Operation<P, Q, B, A>,
      handler: Handler<P, Q, B, A>,
    ) {
      const template = `${prefix}${operation.path}`;
      operations.push(operation as Operation);
      const handle: HandleRoute = async (request, response, assertNeeds) => {
        request.context.route = template;
        if (operation.upload === undefined) assertBodyFits(request, bodyLimitOf(operation));
        // Shared caches must not store the response to one user.
        if (operation.access) response.setHeader("Cache-Control", "private, no-cache");
        const caller = operation.access && authorize(operation.access, await authenticate(request, response), request);
        // Runs after the authentication, so that an ended session gets 401, and before the body is read.
        assertNeeds();
        const reply = await handler((await readInput(operation, caller, request, response)) as Input<P, Q, B, A>);
        // The deadline may have sent a response already.
        if (!response.headersSent) reply.send(request, response);
      };
      handlers.push({ method: operation.method, template, needs: needsOf(operation as Operation), handle });
    },
  };
}

export type Routes = Pick<ReturnType<typeof createRoutes>, "prefix" | "operations" | "handlers">;

async function rejectAnonymous(): Promise<never> {
  throw new AppError("unauthorized", "This server has no sign-in.");
}
