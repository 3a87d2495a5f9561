import { type LookupAddress, lookup } from "node:dns";
import { lookup as lookUpAll } from "node:dns/promises";
import type { LookupFunction } from "node:net";
import { withTimeout } from "./stall-tolerant-timeout.ts";

export type Addresses = readonly LookupAddress[];

/** The wait for DNS before the last known addresses are used. */
const maxWaitMs = 500;

/** A look-up occupies one of four threads until it ends, so it is shared, and another one starts only if it takes this long. */
const sharedForMs = 2000;
const maxLookUps = 2;

type LookUp = { startedAt: number; addresses: Promise<Addresses> };

/**
 * Resolves names with the resolver of the system. While DNS answers late or not at all, the last known addresses are
 * used. A name that does not exist any more has none.
 */
export function createNameResolver(
  lookUp: (name: string) => Promise<Addresses> = (name) => lookUpAll(name, { all: true }),
) {
  const lastKnown = new Map<string, Addresses>();
  const running = new Map<string, LookUp[]>();

  const start = (name: string, others: readonly LookUp[]): Promise<Addresses> => {
    const addresses = lookUp(name);
    const one = { startedAt: performance.now(), addresses };
    running.set(name, [...others, one]);
    const onEnd = () => {
      const left = (running.get(name) ?? []).filter((other) => other !== one);
      if (left.length > 0) running.set(name, left);
      else running.delete(name);
    };
    addresses.then(
      (found) => {
        lastKnown.set(name, found);
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
      (found) => {
        const family = Number(String(options.family ?? 0).replace("IPv", ""));
        const suitable = found.filter((one) => family === 0 || one.family === family);
        const [first] = suitable;
        // The system decides what such a request fails with.
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
