import { once } from "node:events";
import { Agent, request } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";

export type LoadRequest = { path: string; method?: string; headers?: Record<string, string>; body?: string };

export type SteadyLoad = {
  /** Returns the number of requests with each status or error, by method and path. */
  stop(): Promise<Readonly<Record<string, number>>>;
};

/** A request that has ended, with its status or error. */
export type Answered = { path: string; outcome: string; startedAt: number; ms: number };

/** Sends requests at a constant rate, whether or not earlier ones are answered, until it is stopped. */
export function startSteadyLoad(
  url: string,
  perSecond: number,
  next: (count: number) => LoadRequest,
  onAnswer: (answered: Answered) => void = () => undefined,
): SteadyLoad {
  const agent = new Agent({ keepAlive: true });
  const outcomes: Record<string, number> = {};
  let isRunning = true;

  const send = async ({ path, method = "GET", headers = {}, body }: LoadRequest) => {
    const startedAt = performance.now();
    const outcome = await statusOf(request(url + path, { agent, method, headers }).end(body)).then(String, String);
    onAnswer({ path, outcome, startedAt, ms: performance.now() - startedAt });
    const name = `${method} ${path}: ${outcome}`;
    outcomes[name] = (outcomes[name] ?? 0) + 1;
  };

  const sending = (async () => {
    const sent: Promise<void>[] = [];
    const startedAt = performance.now();
    while (isRunning) {
      while (sent.length < ((performance.now() - startedAt) / 1000) * perSecond) sent.push(send(next(sent.length)));
      await sleep(5);
    }
    await Promise.all(sent);
    agent.destroy();
  })();

  return {
    async stop() {
      isRunning = false;
      await sending;
      return outcomes;
    },
  };
}

async function statusOf(sent: ReturnType<typeof request>): Promise<number> {
  const [response] = await once(sent, "response");
  response.resume();
  await once(response, "end");
  return response.statusCode;
}
