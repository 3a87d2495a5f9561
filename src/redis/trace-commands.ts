import type { Command } from "ioredis";
import type { SpanDescription, Tracer } from "../core/tracer.ts";
import type { RedisClient } from "./client.ts";
import { scriptName } from "./lua-script.ts";

/** Records each command of this client as a span with its name, and without its keys and values. */
export function traceCommands(client: RedisClient, tracer: Tracer): void {
  const send: unknown = Reflect.get(client, "sendCommand");
  if (typeof send !== "function") throw new Error("ioredis has no sendCommand");
  const traced = (command: Command, ...rest: unknown[]): unknown => {
    const span = commandSpan(command.name, scriptName(String(command.args[0])));
    // The caller of the command handles its rejection.
    tracer.leaf(span, () => command.promise).catch(() => undefined);
    return Reflect.apply(send, client, [command, ...rest]);
  };
  Reflect.set(client, "sendCommand", traced);
}

/** The number of commands and scripts limits the size of this map. */
const spansByCommand = new Map<string, SpanDescription>();

function commandSpan(command: string, script: string | undefined): SpanDescription {
  const key = script === undefined ? command : `${command} ${script}`;
  const cached = spansByCommand.get(key);
  if (cached !== undefined) return cached;
  const operation = command.toUpperCase();
  const description: SpanDescription = {
    name: `redis ${script ?? operation}`,
    kind: "client",
    attributes: {
      "db.system.name": "redis",
      "db.operation.name": operation,
      ...(script !== undefined && { "db.stored_procedure.name": script }),
    },
  };
  spansByCommand.set(key, description);
  return description;
}
