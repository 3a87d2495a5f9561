import { type LookupAddress, lookup } from "node:dns";
import { lookup as lookUpAll } from "node:dns/promises";
import type { LookupFunction } from "node:net";
import { withTimeout } from "../timing/stall-tolerant-timeout.ts";

export type Addresses = readonly LookupAddress[];

/** The wait for DNS before the last known addresses are used. */
const maxWaitMs = 500;

/**
 * A look-up occupies one of the four threads of Node until it ends. Callers share a look-up of the same name. A second
 * look-up starts only if the first takes longer than this.
 */
const sharedForMs = 2000;
const maxLookUps = 2;

type LookUp = { startedAt: number; addresses: Promise<Addresses> };

/**
 * Resolves names with the resolver of the system. If DNS answers late or not at all, the last known addresses are used,
 * unless the name has been removed from DNS.
 */
export function createNameResolver(
  lookUp: (name: string) => Promise<Addresses> = (name) => lookUpAll(name, { all: true }),
) {
  const lastKnown = new Map<string, Addresses>();
  const running = new Map<string, LookUp[]>();

  const start = (name: string, others: readonly LookUp[]): Promise<Addresses> => {
    const addresses = lookUp(name);
    const started = { startedAt: performance.now(), addresses };
    running.set(name, [...others, started]);
    const onEnd = () => {
      const stillRunning = (running.get(name) ?? []).filter((other) => other !== started);
      if (stillRunning.length > 0) running.set(name, stillRunning);
      else running.delete(name);
    };
    addresses.then(
      (resolved) => {
        lastKnown.set(name, resolved);
        onEnd();
      },
      (error: unknown) => {
        if (isNotFound(error)) lastKnown.delete(name);
        onEnd();
      },
    );
    return addresses;
  };

  const current = (name: string): Promise<Addresses> => {
    const lookUps = running.get(name) ?? [];
    const latest = lookUps.at(-1);
    const isShared = latest !== undefined && performance.now() - latest.startedAt < sharedForMs;
    return latest !== undefined && (isShared || lookUps.length >= maxLookUps) ? latest.addresses : start(name, lookUps);
  };

  const addressesOf = async (name: string): Promise<Addresses> => {
    const addresses = current(name);
    if (!lastKnown.has(name)) return addresses;
    return withTimeout(maxWaitMs, addresses, () => new Error("DNS timed out.")).catch((error: unknown) => {
      const known = lastKnown.get(name);
      if (known === undefined) throw error;
      return known;
    });
  };

  /** For the sockets of Node. */
  const lookupForSockets: LookupFunction = (name, options, callback) => {
    addressesOf(name).then(
      (resolved) => {
        const family = Number(String(options.family ?? 0).replace("IPv", ""));
        const suitable = resolved.filter((address) => family === 0 || address.family === family);
        const [first] = suitable;
        // The look-up of the system fails with the right error.
        if (first === undefined) lookup(name, options, callback);
        else if (options.all === true) callback(null, suitable);
        else callback(null, first.address, first.family);
      },
      (error: NodeJS.ErrnoException) => callback(error, ""),
    );
  };

  return { addressesOf, lookup: lookupForSockets };
}

const isNotFound = (error: unknown): boolean => error instanceof Error && "code" in error && error.code === "ENOTFOUND";
