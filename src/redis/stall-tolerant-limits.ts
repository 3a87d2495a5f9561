import { Command, Redis } from "ioredis";
import { type StallTolerantTimeout, startTimeout } from "../core/timing/stall-tolerant-timeout.ts";

// ioredis has no setting for its timers. It also creates the connections to the nodes of a cluster and to Sentinels itself,
// so the methods that start the timers are replaced on the prototypes, which all connections share.

/** Rejects a command at its limit. Unlike in ioredis, the time of a blocked event loop does not count. */
Command.prototype.setTimeout = function setCommandTimeout(this: Command, limitMs: number): void {
  const limit = startTimeout(limitMs, () => this.reject(new Error("Command timed out")));
  this.promise.then(limit.cancel, limit.cancel);
};

type Connection = {
  stream: Redis["stream"];
  options: { socketTimeout?: number };
  commandQueue: { length: number };
  /** While this field is set, ioredis starts no second timer. ioredis clears the field when the connection closes. */
  socketTimeoutTimer: StallTolerantTimeout | undefined;
};

/** Closes a connection that is silent after a command. Unlike in ioredis, the time of a blocked event loop does not count. */
function setSocketTimeout(this: Connection): void {
  const { stream } = this;
  const limitMs = this.options.socketTimeout ?? 0;
  const limit = startTimeout(limitMs, () => {
    this.socketTimeoutTimer = undefined;
    stream.destroy(new Error(`Socket timeout. Expecting data, but didn't receive any in ${limitMs}ms.`));
  });
  this.socketTimeoutTimer = limit;
  stream.once("close", limit.cancel);
  stream.once("data", () => {
    limit.cancel();
    stream.off("close", limit.cancel);
    this.socketTimeoutTimer = undefined;
    if (this.commandQueue.length > 0) setSocketTimeout.call(this);
  });
}
Reflect.set(Redis.prototype, "setSocketTimeout", setSocketTimeout);
