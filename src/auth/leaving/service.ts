import { AppError } from "../../core/errors/app-error.ts";
import { jobSchema } from "../../db/app-role.ts";
import type { Database, Transaction } from "../../db/pool.ts";
import type { Caller, SessionCaller } from "../../http/access.ts";
import type { SessionStore } from "../../sessions/session-store.ts";
import { managedUsers } from "../admin/repository.ts";
import { type ClientInfo, recordEvent } from "../events.ts";
import type { Passwords } from "../passwords.ts";
import type { RateLimit } from "../rate-limit.ts";
import { users } from "../repository.ts";
import { recordRevocations } from "../revocations/revocations.ts";
import type { UnknownNetworkLimit } from "../unknown-networks/unknown-network-limit.ts";
import { ownedTables } from "./user-data.ts";

/** Deletes files in the transaction that deletes their rows. */
export type RemoveFiles = (tx: Transaction, names: readonly string[]) => Promise<void>;

export type LeavingDeps = {
  db: Database;
  sessions: Pick<SessionStore, "assertReachable" | "revoke">;
  passwords: Pick<Passwords, "matches">;
  rateLimit: RateLimit;
  unknownNetworkLimit: Pick<UnknownNetworkLimit, "forget">;
  removeFiles: RemoveFiles;
  sessionMaxAgeSeconds: number;
};

/** How many rows one transaction deletes, so that a large account does not reach the time limit of a statement. */
const rowsPerBatch = 2000;

export function createLeavingService(deps: LeavingDeps) {
  const { db, sessions, passwords, rateLimit, unknownNetworkLimit, removeFiles, sessionMaxAgeSeconds } = deps;

  /** Returns the number of deleted rows. */
  const deleteBatch = async (tx: Transaction, userId: string, table: string, where: string): Promise<number> => {
    const files = table === "photos" ? "list_file, page_file" : "NULL AS list_file, NULL AS page_file";
    const sql = `DELETE FROM ${table} WHERE ctid = ANY (ARRAY(SELECT ctid FROM ${table} WHERE ${where} LIMIT ${rowsPerBatch}))
                 RETURNING ${files}`;
    const rows = await tx.query<{ list_file: string | null; page_file: string | null }>(sql, [userId]);
    await removeFiles(
      tx,
      rows.flatMap(({ list_file, page_file }) => [list_file, page_file].filter((name) => name !== null)),
    );
    return rows.length;
  };

  const deleteOwnedRows = async (userId: string): Promise<void> => {
    for (const { table, where } of ownedTables) {
      let deleted = rowsPerBatch;
      while (deleted === rowsPerBatch) deleted = await db.transaction((tx) => deleteBatch(tx, userId, table, where));
    }
  };

  const assertPassword = async (
    caller: SessionCaller,
    currentPassword: string | undefined,
    client: ClientInfo,
  ): Promise<void> => {
    const { userId } = caller;
    if (currentPassword === undefined) {
      const message = "Required to delete the account from a session.";
      throw new AppError("validation_failed", message, { errors: [{ path: "currentPassword", message }] });
    }
    await rateLimit.attemptInSession(caller, client.address);
    const user = await users.byId(db, userId);
    if (user !== undefined && (await passwords.matches(currentPassword, user.passwordHash))) return;
    if (user !== undefined) await recordEvent(db, "deletion_failed", userId, client);
    throw new AppError("forbidden", "The current password is wrong.");
  };

  /**
   * Deletes records with the user's email address: queued and sent mails, invitations, registrations, known networks.
   */
  const deleteByAddress = async (tx: Transaction, userId: string, email: string): Promise<void> => {
    const jobs = `DELETE FROM ${jobSchema}.job
                  WHERE data ->> 'userId' = $1 OR $2 IN (data ->> 'email', data ->> 'to', output ->> 'to')`;
    await tx.query(jobs, [userId, email]);
    await tx.query("DELETE FROM invitations WHERE accepted_by = $1 OR email = $2", [userId, email]);
    await tx.query("DELETE FROM registrations WHERE email = $1", [email]);
    tx.afterCommit(() => unknownNetworkLimit.forget(email));
  };

  /**
   * Deletes the user, and the rows that were added during the batches. The lock of the user's row prevents further
   * rows.
   */
  const deleteUser = (userId: string): Promise<void> =>
    db.transaction(async (tx) => {
      await assertNotLastAdmin(tx, userId);
      const [user] = await tx.query<{ avatar: string | null; email: string }>(
        "SELECT avatar_file AS avatar, email FROM users WHERE id = $1 FOR UPDATE",
        [userId],
      );
      for (const { table, where } of ownedTables) await deleteBatch(tx, userId, table, where);
      if (user?.avatar) await removeFiles(tx, [user.avatar]);
      if (user !== undefined) await deleteByAddress(tx, userId, user.email);
      const ended = await sessions.revoke(userId, { allBut: "" });
      // A failover of Redis could restore the sessions, and the user's row with the cut-off that revokes them is
      // deleted.
      await recordRevocations(tx, userId, ended, sessionMaxAgeSeconds);
      await tx.query("DELETE FROM users WHERE id = $1", [userId]);
    });

  return {
    /**
     * Deletes the user and everything the user owns. If this fails halfway, the account remains with less data, and the
     * user can repeat the deletion. Users of a trusted issuer have no password, so none is required of them.
     */
    async remove(caller: Caller, currentPassword: string | undefined, client: ClientInfo): Promise<void> {
      await sessions.assertReachable();
      if (caller.by === "session") await assertPassword(caller, currentPassword, client);
      await db.transaction((tx) => assertNotLastAdmin(tx, caller.userId));
      await deleteOwnedRows(caller.userId);
      await deleteUser(caller.userId);
    },
  };
}

export type LeavingService = ReturnType<typeof createLeavingService>;

async function assertNotLastAdmin(tx: Transaction, userId: string): Promise<void> {
  const admins = await managedUsers.lockAdmins(tx);
  if (admins.length === 1 && admins[0] === userId)
    throw new AppError("conflict", "The last active administrator cannot be deleted.");
}
