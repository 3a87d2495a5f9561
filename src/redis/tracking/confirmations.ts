import { randomUUID } from "node:crypto";
import type { Redis } from "ioredis";
import { startTimeout } from "../../core/timing/stall-tolerant-timeout.ts";
import type { RedisAccess } from "../redis-access.ts";
import { sayHello } from "./hello.ts";

export type ConfirmationsDeps = {
  /**
   * The connection that receives messages. If it also receives invalidations, messages and invalidations arrive in the
   * order in which Redis sent them.
   */
  client: Redis;
  redis: Pick<RedisAccess, "write">;
  /** Whether this instance remembers keys, so that other instances have to wait for its confirmation. */
  remembersKeys: boolean;
  /** Called with the outcome of each wait. */
  onWaited?(isConfirmed: boolean): void;
};

const requestChannel = "haven:confirm";
export const maxConfirmationMs = 50;

/**
 * Confirms that the instances have received the invalidations of a change. A message follows the invalidation over the
 * same connection of each instance, and each instance answers it. Redis reports how many instances received the
 * message.
 */
export function createConfirmations({ client, redis, remembersKeys, onWaited }: ConfirmationsDeps) {
  const ownChannel = `haven:confirmed:${randomUUID()}`;
  const waits = new Map<string, () => void>();
  let isListening = false;

  const publish = (channel: string, text: string) => redis.write((connection) => connection.publish(channel, text));

  const listen = async (): Promise<void> => {
    // With RESP2, a connection that has subscribed accepts no other commands.
    if ((await sayHello(client)).protocol !== 3) throw new Error("The connection does not speak RESP3");
    await client.subscribe(ownChannel, ...(remembersKeys ? [requestChannel] : []));
    isListening = true;
  };
  const onMessage = (channel: string, text: string): void => {
    if (channel === ownChannel) waits.get(text)?.();
    else if (channel === requestChannel) {
      const [replyChannel = "", waitId = ""] = text.split(" ");
      publish(replyChannel, waitId).catch(() => undefined);
    }
  };
  client.on("message", onMessage);
  client.on("close", () => {
    isListening = false;
  });

  return {
    /** Subscribes on the current connection. */
    listen,
    /** Waits until each instance that remembers keys has received all changes so far, at most `maxConfirmationMs`. */
    async confirm(): Promise<void> {
      const waitId = randomUUID();
      const { promise, resolve } = Promise.withResolvers<boolean>();
      const limit = startTimeout(maxConfirmationMs, () => resolve(false));
      let answers = 0;
      let expected = Number.POSITIVE_INFINITY;
      const check = () => {
        if (answers >= expected) resolve(true);
      };
      waits.set(waitId, () => {
        answers += 1;
        check();
      });
      publish(requestChannel, `${ownChannel} ${waitId}`).then(
        (receivers) => {
          expected = isListening || receivers === 0 ? receivers : Number.POSITIVE_INFINITY;
          check();
        },
        () => undefined,
      );
      onWaited?.(await promise);
      limit.cancel();
      waits.delete(waitId);
    },
  };
}

export type Confirmations = ReturnType<typeof createConfirmations>;
