import type { Queryable } from "../../db/pool.ts";
import { framesOf } from "./frame.ts";
import { createHub, type Hub } from "./hub.ts";
import type { Reader } from "./reader.ts";
import { positions } from "./repository.ts";

export type HubsDeps = { db: Queryable; pollMs: number; onSent(events: number): void };

/**
 * Creates the hubs of all owners with open streams on this instance. One query per interval polls all their positions.
 */
export function createHubs({ db, pollMs, onSent }: HubsDeps) {
  const hubs = new Map<string, Hub>();
  let timer: NodeJS.Timeout | undefined;
  let isPolling = false;

  const openHub = (owner: string, head: number): Hub => {
    const read = async (after: number, maxEvents: number) => {
      const events = await positions.after(db, owner, after, maxEvents);
      return { frames: framesOf(after, events), isLast: events.length < maxEvents };
    };
    const hub = createHub({ head, read, onSent });
    hubs.set(owner, hub);
    timer ??= setInterval(poll, pollMs).unref();
    // The hub did not exist when events after `head` were committed, so it has to read them now.
    hub.wake();
    return hub;
  };

  const compareWithDatabase = async (): Promise<void> => {
    const polled = [...hubs].map(([owner, hub]) => ({ owner, hub, before: hub.position() }));
    const owners = polled.map(({ owner }) => owner);
    const heads = await positions.heads(db, owners);
    for (const { owner, hub, before } of polled) {
      const head = heads.get(owner) ?? 0;
      if (head < before) endReaders(hub);
      else hub.syncTo(head);
    }
  };

  const poll = () => {
    if (isPolling || hubs.size === 0) return;
    isPolling = true;
    compareWithDatabase()
      .catch(() => undefined)
      .finally(() => {
        isPolling = false;
      });
  };

  const stop = () => {
    clearInterval(timer);
    timer = undefined;
  };

  return {
    join(owner: string, reader: Reader, head: number): void {
      (hubs.get(owner) ?? openHub(owner, head)).join(reader);
    },
    leave(owner: string, reader: Reader): void {
      const hub = hubs.get(owner);
      hub?.leave(reader);
      if (hub?.readers().size === 0) hubs.delete(owner);
      if (hubs.size === 0) stop();
    },
    resume: (owner: string, reader: Reader): void => hubs.get(owner)?.resume(reader),
    wake: (owner: string): void => hubs.get(owner)?.wake(),
    /** Call when notifications may have been lost. */
    poll,
    stop,
  };
}

/**
 * Ends the streams of a hub, so that their clients reconnect. After a failover that lost transactions, Postgres assigns
 * the positions of the lost events to other events.
 */
function endReaders(hub: Hub): void {
  for (const reader of [...hub.readers()]) reader.end("rewound");
}
