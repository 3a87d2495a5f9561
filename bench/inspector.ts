import { once } from "node:events";
import { ask } from "../test/shared/requests/http.ts";

// The debugger's port of a server: reaches into what ships without adding anything to it.

/** Where its inspector listens. */
export type Inspected = { host: string; port: number };

/** A server that says nothing for so long is not waited for. */
const limitMs = 20_000;

/** Keeps the event loop from turning. Ends when it turns again. */
export const blockLoop = (where: Inspected, ms: number): Promise<unknown> =>
  evaluate(where, `{ const until = Date.now() + ${ms}; while (Date.now() < until); }`);

export const collectGarbage = (where: Inspected): Promise<unknown> => tell(where, "HeapProfiler.collectGarbage", {});

/** The value of an expression that gives a string, a number or nothing. */
export async function evaluate(where: Inspected, expression: string): Promise<unknown> {
  const answer = (await tell(where, "Runtime.evaluate", { expression })) as { result?: { value?: unknown } };
  return answer.result?.value;
}

async function tell({ host, port }: Inspected, method: string, params: object): Promise<unknown> {
  const targets = JSON.parse((await ask(`http://${host}:${port}/json/list`, { timeoutMs: limitMs })).text);
  const socket = new WebSocket(targets[0].webSocketDebuggerUrl);
  const signal = AbortSignal.timeout(limitMs);
  try {
    await once(socket, "open", { signal });
    const answered = once(socket, "message", { signal });
    socket.send(JSON.stringify({ id: 1, method, params }));
    const [{ data }] = await answered;
    return JSON.parse(data).result;
  } finally {
    socket.close();
  }
}
