import { IncomingMessage, ServerResponse } from "node:http";
import type { Express } from "express";

type Constructors = { IncomingMessage: typeof IncomingMessage; ServerResponse: typeof ServerResponse };

/**
 * Creates constructors whose instances already have Express's prototypes. Otherwise Express would change the prototype of
 * every request and response, which costs an authenticated read 5 % more processor time and a public GET 7 %.
 */
export function expressPrototypes(app: Express): Constructors {
  return {
    IncomingMessage: derive(IncomingMessage, app.request),
    ServerResponse: derive(ServerResponse, app.response),
  };
}

function derive<Constructor extends new (...args: never[]) => object>(
  base: Constructor,
  prototype: object,
): Constructor {
  function Derived(...args: never[]) {
    return Reflect.construct(base, args, Derived);
  }
  Derived.prototype = prototype;
  return Derived as unknown as Constructor;
}
