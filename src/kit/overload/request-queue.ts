import { createThroughput } from "./throughput.ts";
import { judgeWait, noWaits, type WaitLimits, type WaitState } from "./wait-judge.ts";

/** Requests that read, and requests that write. Each kind has a queue, so that a flood of one does not shed the other. */
export type RequestKind = "read" | "write";

export type WaitingRequest = {
  start(): void;
  /** Answers a request that has waited too long. */
  reject(retryAfterSeconds: number): void;
};

export type RequestQueueOptions = {
  /** The wait above which requests are rejected if it lasts; 0 rejects none. */
  targetMs: number;
  /** Returns false while requests of this kind would only wait elsewhere, such as for a connection to a database. */
  hasRoom?(kind: RequestKind): boolean;
  maxPerTick?: number;
  maxWaiting?: number;
  now?: () => number;
};

/** A burst of this many targets may wait before requests are rejected. */
const targetsPerInterval = 5;
/** A rejected request is answered when it is this many targets old. */
const targetsUntilAnswer = 6;
/** Ends the starts of a tick, so that a probe does not wait for many slow ones. */
const maxTickMs = 10;
/**
 * After a long tick, so many iterations read the sockets before the next request starts, at most for `maxReadingMs`. Node
 * accepts one connection per iteration, so a queue would otherwise grow in the kernel, where its wait cannot be measured.
 */
const maxReadingTicks = 32;
const maxReadingMs = 50;
const maxRejectionsPerTick = 50;
/** How soon a queue without room looks for room again. */
const retryMs = 2;
const sheddingMs = 1000;
/** A timer that is this late follows a stall of the process. What waited for it in the sockets is not an overload. */
const stallMs = 500;
const stallCheckMs = 100;
const maxGraceMs = 3000;

type Waiting = { readonly request: WaitingRequest; readonly since: number };
type Queue = { readonly kind: RequestKind; readonly waiting: Waiting[]; waits: WaitState };

const createQueue = (kind: RequestKind): Queue => ({ kind, waiting: [], waits: noWaits });

/**
 * Starts a few requests per iteration of the event loop and queues the rest, and rejects requests that have waited too
 * long. A burst of two hundred requests would otherwise start at once, and a probe among them would wait for all. The
 * queues take turns, so that the kind of request that causes an overload is the kind that is rejected.
 * A rejection costs an eighth of a read. So it is answered late: a client that retries at once then costs little.
 */
export function createRequestQueue({
  targetMs,
  hasRoom = () => true,
  maxPerTick = 5,
  maxWaiting = 2000,
  now = performance.now.bind(performance),
}: RequestQueueOptions) {
  const isOn = targetMs > 0;
  const limits: WaitLimits = { targetMs, intervalMs: targetMs * targetsPerInterval };
  const queues = { read: createQueue("read"), write: createQueue("write") };
  let turn: readonly Queue[] = [queues.read, queues.write];
  /** Rejected requests whose answer is due later. */
  const held: Waiting[] = [];

  let startedThisTick = 0;
  let tickStartedAt = 0;
  let nextTick: NodeJS.Immediate | undefined;
  let willRetry = false;
  let reading: { until: number; ticks: number } | undefined;
  let checkedAt = now();
  let graceUntil = 0;
  let shed = 0;
  let lastShedAt = Number.NEGATIVE_INFINITY;
  const throughput = createThroughput(now);

  const waitingNow = () => queues.read.waiting.length + queues.write.waiting.length;
  const mayStart = ({ kind }: Queue) => startedThisTick < maxPerTick && (!isOn || hasRoom(kind));

  const start = (request: WaitingRequest): void => {
    startedThisTick += 1;
    throughput.countStart();
    request.start();
  };

  const answerRejected = ({ request }: Waiting): void => request.reject(throughput.secondsToDrain(waitingNow()));

  const reject = (waiting: Waiting, at: number): void => {
    shed += 1;
    lastShedAt = at;
    throughput.countRejection();
    if (held.length < maxWaiting) held.push(waiting);
    else answerRejected(waiting);
  };

  const rejectHeads = (queue: Queue, at: number): void => {
    if (at < graceUntil) {
      queue.waits = noWaits;
      return;
    }
    for (let count = 0; count < maxRejectionsPerTick; count += 1) {
      const [head] = queue.waiting;
      if (head === undefined) return;
      const { rejects, ...waits } = judgeWait(queue.waits, { waitedMs: at - head.since, now: at }, limits);
      queue.waits = waits;
      if (!rejects) return;
      queue.waiting.shift();
      reject(head, at);
    }
  };

  const answerHeld = (at: number): void => {
    for (let count = 0; count < maxRejectionsPerTick; count += 1) {
      const [first] = held;
      if (first === undefined || at - first.since < targetMs * targetsUntilAnswer) return;
      held.shift();
      answerRejected(first);
    }
  };

  const isFree = () => reading === undefined && now() - tickStartedAt < maxTickMs;

  const startInTurn = (): void => {
    for (let progressed = true; progressed && isFree(); ) {
      progressed = false;
      for (const queue of turn) {
        const waiting = mayStart(queue) ? queue.waiting.shift() : undefined;
        if (waiting === undefined) continue;
        start(waiting.request);
        progressed = true;
      }
    }
    turn = turn.toReversed();
  };

  const beginTick = (): void => {
    startedThisTick = 0;
    tickStartedAt = now();
  };

  const runTick = (): void => {
    const sinceLastTickMs = now() - tickStartedAt;
    beginTick();
    if (reading === undefined && sinceLastTickMs > maxTickMs)
      reading = { until: tickStartedAt + maxReadingMs, ticks: 0 };
    if (reading !== undefined && reading.ticks < maxReadingTicks && tickStartedAt < reading.until) {
      reading.ticks += 1;
      nextTick = setImmediate(runTick);
      return;
    }
    reading = undefined;
    nextTick = undefined;
    if (isOn) {
      for (const queue of turn) rejectHeads(queue, tickStartedAt);
      answerHeld(tickStartedAt);
    }
    startInTurn();
    if (waitingNow() > 0 && startedThisTick > 0) nextTick = setImmediate(runTick);
    else if (waitingNow() + held.length > 0 && !willRetry) {
      willRetry = true;
      setTimeout(() => {
        willRetry = false;
        nextTick ??= setImmediate(runTick);
      }, retryMs).unref();
    }
  };

  const stallCheck = setInterval(() => {
    const at = now();
    const stalledMs = at - checkedAt - stallCheckMs;
    checkedAt = at;
    if (stalledMs > stallMs) graceUntil = at + Math.min(2 * stalledMs, maxGraceMs);
  }, stallCheckMs).unref();

  return {
    /** Starts the request now or later, or rejects it later. */
    run(kind: RequestKind, request: WaitingRequest): void {
      if (nextTick === undefined) {
        beginTick();
        nextTick = setImmediate(runTick);
      }
      const queue = queues[kind];
      if (queue.waiting.length === 0 && isFree() && mayStart(queue)) {
        if (queue.waits.overSince !== undefined) {
          const { rejects: _, ...waits } = judgeWait(queue.waits, { waitedMs: 0, now: now() }, limits);
          queue.waits = waits;
        }
        start(request);
        return;
      }
      const waiting = { request, since: now() };
      if (isOn && queue.waiting.length >= maxWaiting) reject(waiting, waiting.since);
      else queue.waiting.push(waiting);
    },
    /** Whether a request was rejected within the last second. */
    isShedding: (): boolean => now() - lastShedAt < sheddingMs,
    shedCount: (): number => shed,
    waiting: waitingNow,
    stop: (): void => clearInterval(stallCheck),
  };
}

export type RequestQueue = ReturnType<typeof createRequestQueue>;

/** Methods that change nothing count as reads. */
export const kindOfMethod = (method: string | undefined): RequestKind =>
  method === "GET" || method === "HEAD" || method === "OPTIONS" ? "read" : "write";
