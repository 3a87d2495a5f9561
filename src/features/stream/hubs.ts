import type { Queryable } from "../../db/pool.ts";
import { framesOf } from "./frame.ts";
import { createHub, type Hub } from "./hub.ts";
import type { Reader } from "./reader.ts";
import { positions } from "./repository.ts";

export type HubsDeps = { db: Queryable; pollMs: number; onSent(events: number): void };

/** The hubs of all owners who have a stream open here, and one look at all their heads in each interval. */
export function createHubs({ db, pollMs, onSent }: HubsDeps) {
  const hubs = new Map<string, Hub>();
  let timer: NodeJS.Timeout | undefined;
  let looking = false;

  const open = (owner: string, head: number): Hub => {
    const read = async (after: number, most: number) => {
      const events = await positions.after(db, owner, after, most);
      return { frames: framesOf(after, events), last: events.length < most };
    };
    const hub = createHub({ head, read, onSent });
    hubs.set(owner, hub);
    timer ??= setInterval(look, pollMs).unref();
    // What was committed since that head was read has woken nobody here.
    hub.wake();
    return hub;
  };

  const compare = async (): Promise<void> => {
    const asked = [...hubs].map(([owner, hub]) => ({ owner, hub, before: hub.position() }));
    const owners = asked.map(({ owner }) => owner);
    const heads = await positions.heads(db, owners);
    for (const { owner, hub, before } of asked) {
      const head = heads.get(owner) ?? 0;
      if (head < before) rewind(hub);
      else hub.syncTo(head);
    }
  };

  const look = () => {
    if (looking || hubs.size === 0) return;
    looking = true;
    compare()
      .catch(() => undefined)
      .finally(() => {
        looking = false;
      });
  };

  const stop = () => {
    clearInterval(timer);
    timer = undefined;
  };

  return {
    join(owner: string, reader: Reader, head: number): void {
      (hubs.get(owner) ?? open(owner, head)).join(reader);
    },
    leave(owner: string, reader: Reader): void {
      const hub = hubs.get(owner);
      hub?.leave(reader);
      if (hub?.readers().size === 0) hubs.delete(owner);
      if (hubs.size === 0) stop();
    },
    goOn: (owner: string, reader: Reader): void => hubs.get(owner)?.resume(reader),
    wake: (owner: string): void => hubs.get(owner)?.wake(),
    /** Anything may have been missed. */
    look,
    stop,
  };
}

/** A primary that lost its last transactions gives their positions again; who has seen them has to start anew. */
function rewind(hub: Hub): void {
  for (const reader of [...hub.readers()]) reader.end("rewound");
}
