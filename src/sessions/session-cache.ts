import type { Role } from "../core/role.ts";

/** A session as it was read from Redis. Times are of the monotonic clock of this process. */
export type RememberedSession = { role: Role; cookieHash: string; touchDueAt: number; endsAt: number };

/** A read in progress. If the session is invalidated before the answer arrives, the answer is not remembered. */
export type SessionRead = { readonly key: string; readers: number; isIntact: boolean };

export type SessionCacheDeps = {
  /** Returns whether Redis has certainly reported all changes that are older than a second. */
  isCurrent(): boolean;
  now?: () => number;
  maxEntries?: number;
  maxBytes?: number;
};

const defaultMaxEntries = 20_000;
const defaultMaxBytes = 8 * 1024 * 1024;
/** The measured memory of one entry, without the characters of its strings. */
const bytesPerEntry = 220;

const bytesOf = (key: string, { cookieHash }: RememberedSession) => bytesPerEntry + key.length + cookieHash.length;

/** Remembers sessions until Redis reports that they have changed. A full cache drops its oldest entry. */
export function createSessionCache({
  isCurrent,
  now = performance.now.bind(performance),
  maxEntries = defaultMaxEntries,
  maxBytes = defaultMaxBytes,
}: SessionCacheDeps) {
  const sessions = new Map<string, RememberedSession>();
  const reads = new Map<string, SessionRead>();
  const counts = { hits: 0, misses: 0, invalidations: 0 };
  let bytes = 0;

  const remove = (key: string): void => {
    const session = sessions.get(key);
    if (session === undefined) return;
    bytes -= bytesOf(key, session);
    sessions.delete(key);
  };

  return {
    get(key: string): RememberedSession | undefined {
      const session = isCurrent() ? sessions.get(key) : undefined;
      if (session !== undefined && now() < session.endsAt) {
        counts.hits += 1;
        return session;
      }
      counts.misses += 1;
      return undefined;
    },
    /** Call before the read is sent. Returns undefined while answers cannot be remembered. */
    beginRead(key: string): SessionRead | undefined {
      if (!isCurrent()) return undefined;
      const read = reads.get(key) ?? { key, readers: 0, isIntact: true };
      read.readers += 1;
      reads.set(key, read);
      return read;
    },
    /** Remembers the answer, unless the session was invalidated since the read began. */
    endRead(read: SessionRead, session: RememberedSession | undefined): void {
      read.readers -= 1;
      if (read.readers === 0 && reads.get(read.key) === read) reads.delete(read.key);
      if (session === undefined || !read.isIntact) return;
      remove(read.key);
      sessions.set(read.key, session);
      bytes += bytesOf(read.key, session);
      for (const oldest of sessions.keys()) {
        if (sessions.size <= maxEntries && bytes <= maxBytes) break;
        remove(oldest);
      }
    },
    invalidate(key: string): void {
      const read = reads.get(key);
      if (read !== undefined || sessions.has(key)) counts.invalidations += 1;
      remove(key);
      if (read === undefined) return;
      read.isIntact = false;
      reads.delete(key);
    },
    clear(): void {
      sessions.clear();
      bytes = 0;
      for (const read of reads.values()) read.isIntact = false;
      reads.clear();
    },
    counts: () => ({ ...counts, entries: sessions.size, bytes }),
  };
}

export type SessionCache = ReturnType<typeof createSessionCache>;
