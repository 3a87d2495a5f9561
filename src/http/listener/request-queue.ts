const maxStartedPerTick = 5;
/** A refusal costs a good third of a served request, so most of the time remains for served requests. */
const refusedPerTick = 1;
/** So many are refused per iteration while the oldest late request has waited for longer than `maxRefusalMs`. */
const refusedPerTickInHaste = 2;
const maxRefusalMs = 2000;
/** A longer iteration counts as this long, so that requests that waited because this process was paused are not late. */
const maxTickMs = 50;
const maxRetryAfterSeconds = 30;
/** The queue counts as refusing for this long after a refusal. */
const refusingMs = 1000;

/** Further requests are refused at once. A waiting request needs a few kilobytes, and each connection has at most one. */
const maxQueued = 20_000;

export type QueuedRequest = {
  start(): void;
  refuse(retryAfterSeconds: number): void;
  /** Returns true if the request has been answered or its client has left. It is then dropped. */
  isOver(): boolean;
};

type Waiting = QueuedRequest & { since: number };

export type RequestQueue = Pick<ReturnType<typeof createRequestQueue>, "run">;

/**
 * Starts at most a few requests per iteration of the event loop and queues the rest for the next iterations. Otherwise
 * a burst of two hundred requests would start at once, and a probe among them would wait for all of them. An
 * authenticated read also costs 6 % more processor time without the queue.
 *
 * A request that has waited for longer than `maxWaitMs` is late: the server is overloaded. Late requests are refused one
 * by one, so that most of the work is still for requests that are served. As long as there are late ones, the newest
 * request starts first: it is served at once, whereas in order every request would wait until it is nearly late. If no
 * other request waits, late ones start too, up to twice `maxWaitMs`. With `maxWaitMs` 0 none is late.
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

  const retryAfterSeconds = () => {
    const secondsToEmpty = Math.ceil((((waiting.size() + late.size()) / maxStartedPerTick) * meanTickMs) / 1000);
    return Math.min(Math.max(1, secondsToEmpty), maxRetryAfterSeconds);
  };

  const refuse = (request: QueuedRequest) => {
    refusedCount += 1;
    refusedAt = now();
    request.refuse(retryAfterSeconds());
  };

  const refuseLate = () => {
    if (maxWaitMs > 0) while (waitedMs(waiting.first()) > maxWaitMs) late.add(waiting.take() as Waiting);
    let remaining = waitedMs(late.first()) > maxRefusalMs ? refusedPerTickInHaste : refusedPerTick;
    while (remaining > 0) {
      const request = late.take();
      if (request === undefined) return;
      if (request.isOver()) continue;
      remaining -= 1;
      refuse(request);
    }
  };

  const next = (): Waiting | undefined => {
    if (late.size() === 0) return waiting.take();
    const isUseful = waiting.size() > 0 || waitedMs(late.newest()) < 2 * maxWaitMs;
    return isUseful ? (waiting.takeNewest() ?? late.takeNewest()) : undefined;
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
      const request = next();
      if (request === undefined) break;
      if (request.isOver()) continue;
      startedThisTick += 1;
      request.start();
    }
    if (waiting.size() > 0 || late.size() > 0) schedule();
  };

  return {
    run(request: QueuedRequest): void {
      if (!isScheduled) {
        tickedAt = now();
        startedThisTick = 0;
      }
      schedule();
      if (startedThisTick < maxStartedPerTick && waiting.size() === 0) {
        startedThisTick += 1;
        request.start();
      } else if (maxWaitMs > 0 && waiting.size() + late.size() >= maxQueued) refuse(request);
      else waiting.add({ ...request, since: waitClockMs });
    },
    isRefusing: (): boolean => now() - refusedAt < refusingMs,
    refusedCount: (): number => refusedCount,
  };
}

/** `shift` of a long array moves all its members. */
function createQueue<Member>() {
  let members: (Member | undefined)[] = [];
  let taken = 0;
  const forgetTaken = () => {
    members = members.slice(taken);
    taken = 0;
  };
  return {
    add: (member: Member): void => void members.push(member),
    first: (): Member | undefined => members[taken],
    newest: (): Member | undefined => members.at(-1),
    take(): Member | undefined {
      const member = members[taken];
      if (member === undefined) return undefined;
      // So that a finished request is not kept in memory.
      members[taken] = undefined;
      taken += 1;
      if (taken === members.length || taken > 1000) forgetTaken();
      return member;
    },
    takeNewest(): Member | undefined {
      const member = members.pop();
      if (taken === members.length) forgetTaken();
      return member;
    },
    size: (): number => members.length - taken,
  };
}
