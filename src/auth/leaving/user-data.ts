import { jobSchema } from "../../db/app-role.ts";
import type { Queryable } from "../../db/pool.ts";

/** A table with rows that belong to users. A test finds tables of the database that are missing in the lists below. */
export type UserTable = {
  /** The name of the list in the export. */
  name: string;
  table: string;
  /** The condition for rows of the user with the id `$1`. */
  where: string;
  /** A unique column, by which rows are sorted and read in pages. Its type is uuid, or text if `hasTextKey`. */
  key: string;
  hasTextKey?: boolean;
  /** Columns that are not exported, because they contain secrets or hashes of secrets. */
  secret?: readonly string[];
  /** The SQL of the exported object of a row `t`, if it leaves out members that are about another user. */
  row?: string;
};

const owned = (name: string, table: string): UserTable => ({ name, table, where: "owner_id = $1", key: "id" });

const ofUser = (name: string, table: string, key: string, secret: readonly string[] = []): UserTable => ({
  name,
  table,
  where: "user_id = $1",
  key,
  secret,
});

/** Tables whose rows are exported and deleted, in the order of deletion: rows that refer to others first. */
export const ownedTables: readonly UserTable[] = [
  owned("photos", "photos"),
  owned("maintenanceEvents", "maintenance_events"),
  owned("maintenanceRequests", "maintenance_requests"),
  owned("leases", "leases"),
  owned("units", "units"),
  owned("properties", "properties"),
  { ...owned("maintenanceEventHeads", "maintenance_event_heads"), key: "owner_id" },
  ofUser("securityEvents", "security_events", "id"),
  { ...ofUser("idempotencyKeys", "idempotency_keys", "key"), hasTextKey: true },
  ofUser("apiKeys", "api_keys", "id", ["hash"]),
  { ...ofUser("identities", "identities", "issuer || ' ' || subject"), hasTextKey: true },
  ofUser("accountTokens", "account_tokens", "id", ["token_hash"]),
];

/** Tables that are exported, and whose rows are deleted with the user or kept: see `docs/leaving.md`. */
export const otherTables: readonly UserTable[] = [
  { name: "user", table: "users", where: "id = $1", key: "id", secret: ["password_hash"] },
  ofUser("sessionRevocations", "session_revocations", "session_id"),
  {
    name: "invitations",
    table: "invitations",
    where: "(invited_by = $1 OR accepted_by = $1)",
    key: "id",
    secret: ["token_hash"],
    row: "CASE WHEN invited_by = $1 THEN to_jsonb(t) ELSE to_jsonb(t) - 'invited_by' END",
  },
  {
    name: "mails",
    table: `(SELECT id, state, created_on, data FROM ${jobSchema}.job)`,
    where: `(data ->> 'userId' = ($1::uuid)::text
             OR (SELECT email FROM users WHERE id = $1::uuid) IN (data ->> 'email', data ->> 'to'))`,
    key: "id",
    row: `CASE WHEN data ->> 'userId' = ($1::uuid)::text THEN to_jsonb(t) ELSE to_jsonb(t) #- '{data,userId}' END`,
  },
  {
    name: "auditEvents",
    table: "audit_events",
    where: "(actor_id = $1 OR target_id = $1)",
    key: "id",
    row: `CASE WHEN actor_id = $1 THEN to_jsonb(t)
          ELSE to_jsonb(t) - '{actor_id,address,request_id,trace_id}'::text[] END`,
  },
];

const rowsPerPage = 500;
const firstId = "00000000-0000-0000-0000-000000000000";

/** Reads all rows of the user in a table as JSON, page by page. */
export async function* rowsOf(db: Queryable, userId: string, table: UserTable): AsyncGenerator<object> {
  const type = table.hasTextKey ? "text" : "uuid";
  const sql = `SELECT ${table.key} AS key, ${table.row ?? "to_jsonb(t)"} - $2::text[] AS row FROM ${table.table} AS t
               WHERE ${table.where} AND ${table.key} > $3::${type} ORDER BY 1 LIMIT ${rowsPerPage}`;
  for (let lastKey = table.hasTextKey ? "" : firstId; ; ) {
    const page = await db.query<{ key: string; row: object }>(sql, [userId, table.secret ?? [], lastKey]);
    for (const { row } of page) yield row;
    if (page.length < rowsPerPage) return;
    lastKey = page.at(-1)?.key ?? lastKey;
  }
}
