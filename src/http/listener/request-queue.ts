const maxStartedPerTick = 5;
/** A refusal costs a good third of a served request, so most of the time remains for served requests. */
const refusedPerTick = 1;
/** So many are refused per iteration while the oldest late request has waited for longer than `maxRefusalMs`. */
const refusedPerTickInHaste = 5;
const maxRefusalMs = 2000;
/** A longer iteration counts as this long, so that requests that waited because this process was paused are not late. */
const maxTickMs = 50;
const maxRetryAfterSeconds = 30;
/** The queue counts as refusing for this long after a refusal. */
const refusingMs = 1000;

type Waiting = { since: number; start: () => void; refuse: (retryAfterSeconds: number) => void };

export type RequestQueue = Pick<ReturnType<typeof createRequestQueue>, "run">;

/**
 * Starts at most a few requests per iteration of the event loop and queues the rest for the next iterations. Otherwise
 * a burst of two hundred requests would start at once, and a probe among them would wait for all of them. An
 * authenticated read also costs 6 % more processor time without the queue.
 *
 * A request that has waited for longer than `maxWaitMs` is late: the server is overloaded. Late requests are refused one
 * by one, so that most of the work is still for requests that are served. Until all late ones are refused, the newest
 * request starts first: it is served at once, whereas in order every request would wait until it is nearly late. With
 * `maxWaitMs` 0 none is late.
 */
export function createRequestQueue(maxWaitMs: number, now: () => number = () => performance.now()) {
  const waiting = createQueue<Waiting>();
  const late = createQueue<Waiting>();
  let startedThisTick = 0;
  let isScheduled = false;
  let tickedAt = 0;
  let meanTickMs = 1;
  /** The sum of all iterations with a waiting request, each with its limit. */
  let waitClockMs = 0;
  let refusedCount = 0;
  let refusedAt = Number.NEGATIVE_INFINITY;

  const schedule = () => {
    if (isScheduled) return;
    isScheduled = true;
    setImmediate(nextTick);
  };

  const waitedMs = (request: Waiting | undefined) => (request === undefined ? 0 : waitClockMs - request.since);

  const refuseLate = () => {
    if (maxWaitMs > 0) while (waitedMs(waiting.first()) > maxWaitMs) late.add(waiting.take() as Waiting);
    if (late.size() === 0) return;
    const secondsToEmpty = Math.ceil((((waiting.size() + late.size()) / maxStartedPerTick) * meanTickMs) / 1000);
    const retryAfterSeconds = Math.min(Math.max(1, secondsToEmpty), maxRetryAfterSeconds);
    const max = waitedMs(late.first()) > maxRefusalMs ? refusedPerTickInHaste : refusedPerTick;
    for (let refused = 0; refused < max; refused += 1) {
      const request = late.take();
      if (request === undefined) break;
      refusedCount += 1;
      request.refuse(retryAfterSeconds);
    }
    refusedAt = now();
  };

  const nextTick = () => {
    isScheduled = false;
    startedThisTick = 0;
    const tickAt = now();
    const tickMs = Math.min(tickAt - tickedAt, maxTickMs);
    tickedAt = tickAt;
    waitClockMs += tickMs;
    meanTickMs += (tickMs - meanTickMs) / 10;
    refuseLate();
    while (startedThisTick < maxStartedPerTick) {
      const request = late.size() > 0 ? waiting.takeNewest() : waiting.take();
      if (request === undefined) break;
      startedThisTick += 1;
      request.start();
    }
    if (waiting.size() > 0 || late.size() > 0) schedule();
  };

  return {
    run(start: () => void, refuse: (retryAfterSeconds: number) => void): void {
      if (!isScheduled) tickedAt = now();
      schedule();
      if (startedThisTick < maxStartedPerTick && waiting.size() === 0) {
        startedThisTick += 1;
        start();
        return;
      }
      waiting.add({ since: waitClockMs, start, refuse });
    },
    isRefusing: (): boolean => now() - refusedAt < refusingMs,
    refusedCount: (): number => refusedCount,
  };
}

/** `shift` of a long array moves all its members. */
function createQueue<Member>() {
  let members: Member[] = [];
  let taken = 0;
  return {
    add: (member: Member): void => void members.push(member),
    first: (): Member | undefined => members[taken],
    take(): Member | undefined {
      const member = members[taken];
      if (member === undefined) return undefined;
      taken += 1;
      if (taken === members.length || taken > 1000) {
        members = members.slice(taken);
        taken = 0;
      }
      return member;
    },
    takeNewest: (): Member | undefined => (taken < members.length ? members.pop() : undefined),
    size: (): number => members.length - taken,
  };
}
