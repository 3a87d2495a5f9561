import { randomUUID } from "node:crypto";
import type { Redis } from "ioredis";
import { createRetryLoop } from "../../core/timing/retry-loop.ts";
import { withTimeout } from "../../core/timing/stall-tolerant-timeout.ts";
import { sayHello } from "./hello.ts";
import { onInvalidation } from "./invalidation-push.ts";

/**
 * Why keys are not tracked. `disconnected`: no connection, or tracking is not set up on it yet; `silent`: the connection
 * has not answered in time; `not_primary`: the server is a replica; `unsupported`: the server has no tracking or denies
 * it; `unproven`: no invalidation arrived for a key that was changed, or the key could not be changed.
 */
export type TrackingOffReason = "disconnected" | "silent" | "not_primary" | "unsupported" | "unproven";

export type KeyTrackingDeps = {
  client: Redis;
  /** Reads a key over the tracked connection, with the command that is used for the keys to remember. */
  readKey(client: Redis, key: string): Promise<unknown>;
  /** Changes a key over another connection. */
  changeKey(key: string): Promise<unknown>;
  /** Called on each new connection before keys are remembered. */
  beforeUse(): Promise<void>;
  onInvalidated(key: string): void;
  /** Called when any key may have changed: the connection broke, or all keys were deleted. */
  onAllInvalidated(): void;
  onChange(offReason: TrackingOffReason | undefined): void;
};

export const heartbeatMs = 200;
/**
 * How long after the last answered heartbeat remembered keys may be used. Less than 1 s, the time within which a
 * revocation takes effect on every instance.
 */
export const maxSilenceMs = 750;
const proofTimeoutMs = 1000;

/**
 * Makes the server report changes of the keys that a connection has read (`CLIENT TRACKING`). Replies and reports arrive
 * in the order in which the server sent them. So the reply to a heartbeat proves that all changes made before the
 * heartbeat was sent have been reported.
 */
export function createKeyTracking(deps: KeyTrackingDeps) {
  const { client, readKey, changeKey, beforeUse, onInvalidated, onAllInvalidated, onChange } = deps;
  /** The time at which all reports were known to have arrived; undefined while tracking is off. */
  let currentAt: number | undefined;
  let currentOffReason: TrackingOffReason | undefined = "disconnected";
  let connectionNumber = 0;
  let proof: { key: string; onInvalidated(): void } | undefined;

  const isCurrent = (): boolean => currentAt !== undefined && performance.now() - currentAt <= maxSilenceMs;

  const setOffReason = (reason: TrackingOffReason | undefined): void => {
    if (reason !== undefined && reason !== "silent") {
      currentAt = undefined;
      onAllInvalidated();
    }
    if (reason === currentOffReason) return;
    currentOffReason = reason;
    onChange(reason);
  };

  /** Tests whether changes are reported, because a server or a proxy may accept the command and never send a report. */
  const proveInvalidation = async (): Promise<void> => {
    const { promise, resolve } = Promise.withResolvers<void>();
    const key = `haven:tracking:{${randomUUID()}}`;
    proof = { key, onInvalidated: resolve };
    await readKey(client, key);
    await changeKey(key);
    await withTimeout(proofTimeoutMs, promise, () => new Error("No invalidation arrived"));
  };

  /** Returns true if no retry is needed: tracking is on, or the connection broke and the next `ready` event starts again. */
  const setUp = async (): Promise<boolean> => {
    const startedOn = connectionNumber;
    let failureReason: TrackingOffReason = "unsupported";
    const startedAt = performance.now();
    try {
      const { protocol, isPrimary } = await sayHello(client);
      if (protocol !== 3) throw new Error("The connection does not speak RESP3");
      if (!isPrimary) {
        failureReason = "not_primary";
        throw new Error("The server is a replica");
      }
      await client.client("TRACKING", "ON");
      await beforeUse();
      failureReason = "unproven";
      await proveInvalidation();
      if (startedOn !== connectionNumber) return true;
      currentAt = startedAt;
      await sendHeartbeat();
      setOffReason(isCurrent() ? undefined : "silent");
      return true;
    } catch {
      if (startedOn !== connectionNumber) return true;
      setOffReason(failureReason);
      return false;
    }
  };

  const sendHeartbeat = async (): Promise<void> => {
    if (currentAt === undefined) return;
    const startedOn = connectionNumber;
    const sentAt = performance.now();
    const hello = await sayHello(client).catch(() => undefined);
    if (startedOn !== connectionNumber || currentAt === undefined || hello === undefined) return;
    if (!hello.isPrimary) {
      setOffReason("not_primary");
      setUps.start();
      return;
    }
    currentAt = Math.max(currentAt, sentAt);
    if (currentOffReason === "silent" && isCurrent()) setOffReason(undefined);
  };

  const onConnectionLost = (): void => {
    connectionNumber += 1;
    setOffReason("disconnected");
  };

  onInvalidation(client, (keys) => {
    if (keys === undefined) onAllInvalidated();
    for (const key of keys ?? []) {
      if (key === proof?.key) proof.onInvalidated();
      else onInvalidated(key);
    }
  });
  const setUps = createRetryLoop({ attempt: setUp, onStillFailing: () => undefined });
  client.on("close", onConnectionLost);
  client.on("ready", setUps.start);
  if (client.status === "ready") setUps.start();
  let lateHeartbeats = 0;
  const timer = setInterval(() => {
    lateHeartbeats = isCurrent() ? 0 : lateHeartbeats + 1;
    // One late heartbeat may be a stall of this process.
    if (currentOffReason === undefined && lateHeartbeats > 1) setOffReason("silent");
    void sendHeartbeat();
  }, heartbeatMs).unref();

  return {
    /** Returns whether the keys may be used that were read since `onAllInvalidated` and not reported as changed. */
    isCurrent,
    offReason: (): TrackingOffReason | undefined => currentOffReason,
    stop(): void {
      clearInterval(timer);
      setUps.stop();
      client.off("ready", setUps.start);
      client.off("close", onConnectionLost);
      connectionNumber += 1;
      currentAt = undefined;
    },
  };
}

export type KeyTracking = ReturnType<typeof createKeyTracking>;
