import { uuidv7 } from "../../core/ids.ts";
import type { Role } from "../../core/role.ts";
import type { Queryable } from "../../db/pool.ts";
import { type ListPage, type PageRequest, readList } from "../../db/read-list.ts";

export const scopes = ["read", "write"] as const;
export type Scope = (typeof scopes)[number];

export type ApiKey = {
  id: string;
  name: string;
  scopes: Scope[];
  expiresAt: Date;
  lastUsedAt: Date | null;
  createdAt: Date;
};

export type NewApiKey = { userId: string; name: string; scopes: readonly Scope[]; expiresAt: Date; hash: Buffer };

/** The user of a valid key. */
export type KeyHolder = { keyId: string; userId: string; role: Role; scopes: Scope[]; isUseRecordDue: boolean };

export const maxKeysPerUser = 50;

const columns = `id, name, scopes, expires_at AS "expiresAt", last_used_at AS "lastUsedAt", created_at AS "createdAt"`;
/** The last use of a key is recorded at most once per interval, so that a busy key causes few writes. */
const useInterval = "interval '1 hour'";

export const apiKeys = {
  /** Returns undefined if the user has too many keys. Deletes the user's expired keys. */
  async insert(db: Queryable, { userId, name, scopes, expiresAt, hash }: NewApiKey): Promise<ApiKey | undefined> {
    await db.query("DELETE FROM api_keys WHERE user_id = $1 AND expires_at < now()", [userId]);
    const sql = `INSERT INTO api_keys (id, user_id, name, scopes, expires_at, hash)
                 SELECT $1, $2, $3, $4, $5, $6 WHERE (SELECT count(*) FROM api_keys WHERE user_id = $2) < $7
                 RETURNING ${columns}`;
    return (await db.query<ApiKey>(sql, [uuidv7(), userId, name, scopes, expiresAt, hash, maxKeysPerUser]))[0];
  },

  /** Checks the key, its expiry and its user in one statement, so that a revocation takes effect when it is committed. */
  async holder(db: Queryable, hash: Buffer): Promise<KeyHolder | undefined> {
    const sql = {
      name: "api-key-holder",
      text: `SELECT api_keys.id AS "keyId", user_id AS "userId", role, scopes,
               (last_used_at IS NULL OR last_used_at < now() - ${useInterval}) AS "isUseRecordDue"
             FROM api_keys JOIN users ON users.id = user_id AND users.active
             WHERE hash = $1 AND expires_at > now()`,
      isShort: true,
    };
    return (await db.query<KeyHolder>(sql, [hash]))[0];
  },

  async isActive(db: Queryable, id: string): Promise<boolean> {
    const sql = `SELECT FROM api_keys JOIN users ON users.id = user_id AND users.active
                 WHERE api_keys.id = $1 AND expires_at > now()`;
    return (await db.query(sql, [id])).length > 0;
  },

  async recordUse(db: Queryable, id: string): Promise<void> {
    const sql = `UPDATE api_keys SET last_used_at = now()
                 WHERE id = $1 AND (last_used_at IS NULL OR last_used_at < now() - ${useInterval})`;
    await db.query(sql, [id]);
  },

  list(db: Queryable, userId: string, page: PageRequest): Promise<ListPage<ApiKey>> {
    const query = { columns, table: "api_keys", where: [["user_id = ?", userId]] as const, isIndexed: true };
    return readList<ApiKey>(db, query, page);
  },

  async remove(db: Queryable, userId: string, id: string): Promise<boolean> {
    return (
      (await db.query("DELETE FROM api_keys WHERE user_id = $1 AND id = $2 RETURNING id", [userId, id])).length > 0
    );
  },
};
