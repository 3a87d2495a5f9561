import type { Command } from "ioredis";
import type { Tracer } from "../core/tracer.ts";
import type { RedisClient } from "./client.ts";
import { scriptName } from "./lua-script.ts";

/** Records each command of this client as a span with its name, and without its keys and values. */
export function traceCommands(client: RedisClient, tracer: Tracer): void {
  const send: unknown = Reflect.get(client, "sendCommand");
  if (typeof send !== "function") throw new Error("ioredis has no sendCommand");
  const traced = (command: Command, ...rest: unknown[]): unknown => {
    const operation = command.name.toUpperCase();
    const script = scriptName(String(command.args[0]));
    const attributes = {
      "db.system.name": "redis",
      "db.operation.name": operation,
      ...(script !== undefined && { "db.stored_procedure.name": script }),
    };
    const span = { name: `redis ${script ?? operation}`, kind: "client", attributes } as const;
    // The caller of the command handles its rejection.
    tracer.span(span, () => command.promise).catch(() => undefined);
    return Reflect.apply(send, client, [command, ...rest]);
  };
  Reflect.set(client, "sendCommand", traced);
}
