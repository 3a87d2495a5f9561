import { createHash, randomBytes } from "node:crypto";
import { AppError } from "../../core/errors/app-error.ts";
import type { Database } from "../../db/pool.ts";
import type { SessionCaller } from "../../http/access.ts";
import { type ClientInfo, recordEvent } from "../events.ts";
import { lockUserOf } from "../revocations/revocations.ts";
import { type ApiKey, apiKeys, maxKeysPerUser, type Scope } from "./repository.ts";

/** The start of every API key. It also lets secret scanners recognize leaked keys. */
export const keyPrefix = "hvn_";
const keyPattern = /^hvn_[A-Za-z0-9_-]{43}$/;

/** Returns the hash under which a key is stored, or undefined for a text that is not a key. */
export const hashKey = (text: string): Buffer | undefined =>
  keyPattern.test(text) ? createHash("sha256").update(text).digest() : undefined;

const newKey = (): string => `${keyPrefix}${randomBytes(32).toString("base64url")}`;

const dayMs = 86_400_000;

export type KeyInput = { name: string; scopes: readonly Scope[]; expiresInDays: number };

export function createApiKeyService({ db }: { db: Database }) {
  return {
    /** Returns the new key. Only its hash is stored, so it cannot be returned again. */
    async create(
      caller: SessionCaller,
      { name, scopes, expiresInDays }: KeyInput,
      client: ClientInfo,
    ): Promise<ApiKey & { key: string }> {
      const expiresAt = new Date(Date.now() + expiresInDays * dayMs);
      const key = newKey();
      const hash = hashKey(key);
      if (hash === undefined) throw new Error("A new key does not have the form of a key.");
      return db.transaction(async (tx) => {
        const { id: userId } = await lockUserOf(caller, tx);
        const inserted = await apiKeys.insert(tx, { userId, name, scopes, expiresAt, hash });
        if (inserted === undefined) {
          throw new AppError(
            "conflict",
            `You have ${maxKeysPerUser} API keys, which is the maximum. Revoke one first.`,
          );
        }
        await recordEvent(tx, "api_key_created", userId, client);
        return { ...inserted, key };
      });
    },

    async revoke({ userId }: SessionCaller, id: string, client: ClientInfo): Promise<void> {
      await db.transaction(async (tx) => {
        if (!(await apiKeys.remove(tx, userId, id))) throw new AppError("not_found", "API key not found.");
        await recordEvent(tx, "api_key_revoked", userId, client);
      });
    },
  };
}

export type ApiKeyService = ReturnType<typeof createApiKeyService>;
