import { once } from "node:events";
import { ask } from "../test/shared/requests/http.ts";

// Uses the inspector port of a server, so that the shipped code needs no extra endpoint.

/** Address of the inspector of a server. */
export type Inspected = { host: string; port: number };

/** The wait for a response of the inspector ends after this time. */
const limitMs = 20_000;

/** Blocks the event loop; resolves when it runs again. */
export const blockLoop = (where: Inspected, ms: number): Promise<unknown> =>
  evaluate(where, `{ const until = Date.now() + ${ms}; while (Date.now() < until); }`);

export const collectGarbage = (where: Inspected): Promise<unknown> =>
  sendCommand(where, "HeapProfiler.collectGarbage", {});

/** Returns the value of an expression that gives a string, a number or nothing. */
export async function evaluate(where: Inspected, expression: string): Promise<unknown> {
  const answer = (await sendCommand(where, "Runtime.evaluate", { expression })) as { result?: { value?: unknown } };
  return answer.result?.value;
}

async function sendCommand({ host, port }: Inspected, method: string, params: object): Promise<unknown> {
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
