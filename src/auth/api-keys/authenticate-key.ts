import type { IncomingMessage, ServerResponse } from "node:http";
import { AppError } from "../../core/errors/app-error.ts";
import type { Queryable } from "../../db/pool.ts";
import type { Caller } from "../../http/access.ts";
import type { KeyLimit } from "./key-limit.ts";
import { apiKeys } from "./repository.ts";
import { hashKey } from "./service.ts";

export type AuthenticateKeyDeps = { db: Queryable; limit: KeyLimit };

/**
 * Checks an API key with one query to Postgres, so that keys also work while Redis is unavailable. Nothing is cached,
 * so that a revoked key is refused on every instance at once. Returns undefined for a key that is not valid.
 */
export function createAuthenticateKey({ db, limit }: AuthenticateKeyDeps) {
  const keysBeingRecorded = new Set<string>();

  const recordUse = (keyId: string): void => {
    if (keysBeingRecorded.has(keyId)) return;
    keysBeingRecorded.add(keyId);
    // Not awaited: while Postgres refuses writes, keys can still be used for reads.
    apiKeys
      .recordUse(db, keyId)
      .catch(() => undefined)
      .finally(() => keysBeingRecorded.delete(keyId));
  };

  return async (text: string, request: IncomingMessage, response: ServerResponse): Promise<Caller | undefined> => {
    const hash = hashKey(text);
    const holder = hash && (await apiKeys.holder(db, hash));
    if (holder === undefined) return undefined;
    const { keyId, userId, role, scopes, isUseRecordDue } = holder;
    limit.count(keyId, response);
    if (isUseRecordDue) recordUse(keyId);
    const scope = request.method === "GET" || request.method === "HEAD" ? "read" : "write";
    if (!scopes.includes(scope)) throw new AppError("forbidden", `This API key does not have the scope \`${scope}\`.`);
    return { by: "api_key", userId, keyId, role };
  };
}

export type AuthenticateKey = ReturnType<typeof createAuthenticateKey>;
