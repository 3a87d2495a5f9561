import { z } from "zod";
import { AppError } from "../../core/errors/app-error.ts";
import { CheckFailed } from "../../core/errors/failure-reason.ts";
import { fetchJson } from "./fetch-json.ts";
import { type IssuerKey, readKeySet } from "./key-set.ts";

export type IssuerKeysDeps = {
  issuer: string;
  /** Returns whether keys may be read from an address that the issuer names. */
  allows(url: string): boolean;
  now?: () => number;
};

/** Keys that are older than this are fetched again in the background. */
export const refreshMs = 300_000;
/** The minimum pause after a successful attempt, however many tokens arrive. A new key may be refused for this long. */
export const pauseAfterSuccessMs = 1000;
/**
 * The minimum pause after a failed attempt. It is longer, because an attempt may have waited for its whole time limit.
 */
export const pauseAfterFailureMs = 10_000;
/** How long keys are used while the issuer is unavailable. */
export const maxAgeMs = 86_400_000;

const discoverySchema = z.object({ issuer: z.string(), jwks_uri: z.string().max(2000) });

/**
 * Fetches and keeps the public keys of one issuer, found by OpenID Connect Discovery. One request runs at a time. While
 * the issuer is unavailable, the known keys are used for a day. Between two attempts there is a pause, so that tokens
 * with invented key ids cannot make this server flood the issuer.
 */
export function createIssuerKeys({ issuer, allows, now = performance.now.bind(performance) }: IssuerKeysDeps) {
  let keysById: ReadonlyMap<string, IssuerKey> = new Map();
  let loadedAt = Number.NEGATIVE_INFINITY;
  let attemptedAt = Number.NEGATIVE_INFINITY;
  let failure: unknown;
  let loading: Promise<void> | undefined;

  const load = async (): Promise<void> => {
    attemptedAt = now();
    try {
      const configuration = `${issuer.replace(/\/$/, "")}/.well-known/openid-configuration`;
      const discovered = discoverySchema.parse(await fetchJson(configuration));
      if (discovered.issuer !== issuer) throw new CheckFailed("forbidden");
      if (!allows(discovered.jwks_uri)) throw new CheckFailed("forbidden");
      keysById = readKeySet(await fetchJson(discovered.jwks_uri));
      loadedAt = now();
      failure = undefined;
    } catch (error) {
      failure = error;
    }
  };

  /** Never throws: a failure is kept in `failure`. */
  const refresh = (): Promise<void> => {
    const pauseMs = failure === undefined ? pauseAfterSuccessMs : pauseAfterFailureMs;
    if (loading === undefined && now() - attemptedAt < pauseMs) return Promise.resolve();
    loading ??= load().finally(() => {
      loading = undefined;
    });
    return loading;
  };

  const isFresh = () => now() - loadedAt < refreshMs;

  return {
    /** Returns undefined if the issuer has no such key. Throws 503 if that cannot be determined. */
    async find(kid: string): Promise<IssuerKey | undefined> {
      const findUsable = () => (now() - loadedAt < maxAgeMs ? keysById.get(kid) : undefined);
      const found = findUsable();
      if (found !== undefined) {
        if (!isFresh()) void refresh();
        return found;
      }
      await refresh();
      const foundAfterRefresh = findUsable();
      if (foundAfterRefresh === undefined && failure !== undefined) {
        throw new AppError("unavailable", "The keys of the token's issuer cannot be read at the moment. Retry later.", {
          retryAfterSeconds: pauseAfterFailureMs / 1000,
        });
      }
      return foundAfterRefresh;
    },

    /** For the health check: reads the keys if they are due, and throws if the last attempt failed. */
    async check(): Promise<void> {
      if (!isFresh() || failure !== undefined) await refresh();
      if (failure !== undefined) throw failure;
    },
  };
}

export type IssuerKeys = ReturnType<typeof createIssuerKeys>;
