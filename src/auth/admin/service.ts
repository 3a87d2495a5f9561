import { AppError } from "../../core/errors/app-error.ts";
import type { Role } from "../../core/role.ts";
import type { Database, Transaction } from "../../db/pool.ts";
import type { Precondition } from "../../http/etag.ts";
import type { Outbox } from "../../mail/outbox.ts";
import type { SessionStore } from "../../sessions/session-store.ts";
import type { Letter } from "../account-mail/letter.ts";
import type { Language } from "../account-mail/texts/texts.ts";
import { type AuditEntry, type Origin, recordAuditEntry } from "../audit/audit-trail.ts";
import { revokeAllBefore } from "../revocations/revocations.ts";
import { type Invitation, invite } from "../sign-up/invitations.ts";
import { type ManagedUser, managedUsers } from "./repository.ts";

export type AdminServiceDeps = {
  db: Database;
  sessions: Pick<SessionStore, "revoke" | "assertReachable">;
  outbox: Outbox<Letter>;
};

/** The origin of an action of an administrator. */
export type AdminOrigin = Origin & { actorId: string };

export type UserChanges = { role?: Role; active?: boolean };

export function createAdminService({ db, sessions, outbox }: AdminServiceDeps) {
  /** Throws 403 if the caller has lost the role of an administrator since the request was authenticated. */
  const lockAdmins = async (tx: Transaction, { actorId }: AdminOrigin): Promise<string[]> => {
    const admins = await managedUsers.lockAdmins(tx);
    if (!admins.includes(actorId)) throw new AppError("forbidden", "Only administrators may do this.");
    return admins;
  };

  const endSessions = (userId: string) => sessions.revoke(userId, { allBut: "" });

  return {
    async get(id: string): Promise<ManagedUser> {
      const user = await managedUsers.find(db, id);
      if (user === undefined) throw userNotFound();
      return user;
    },

    /**
     * Changes the role of a user, and whether the user is active. A deactivation or the loss of the administrator's role
     * ends all sessions: in Postgres by a trigger at the commit, then in Redis. If Redis fails after the commit, every
     * instance ends the sessions within two seconds after Redis has recovered. A repeated request ends them as well.
     */
    async update(
      id: string,
      changes: UserChanges,
      { origin, precondition }: { origin: AdminOrigin; precondition: Precondition },
    ): Promise<ManagedUser> {
      await sessions.assertReachable();
      const { before, after } = await db.transaction(async (tx) => {
        const admins = await lockAdmins(tx, origin);
        const user = await managedUsers.lock(tx, id);
        if (user === undefined) throw userNotFound();
        precondition(user);
        const changedUser = { ...user, ...changes };
        if (admins.length === 1 && admins[0] === id && !isActiveAdmin(changedUser)) {
          throw new AppError("conflict", "The last active administrator cannot be demoted or deactivated.");
        }
        const entries = auditEntriesOf(user, changedUser);
        if (entries.length > 0) await managedUsers.update(tx, changedUser);
        for (const entry of entries) await recordAuditEntry(tx, origin, entry);
        return { before: user, after: changedUser };
      });
      const lostRole = before.role === "admin" && after.role !== "admin";
      if (!after.active || lostRole) await endSessions(id);
      return after;
    },

    /** Sends the invited person a mail with a link for the registration. */
    invite: (
      { email, role }: { email: string; role: Role },
      language: Language,
      origin: AdminOrigin,
    ): Promise<Invitation> =>
      db.transaction(async (tx) => {
        await lockAdmins(tx, origin);
        const invitation = await invite(tx, outbox, { email, role, invitedBy: origin.actorId, language });
        await recordAuditEntry(tx, origin, {
          action: "invitation_created",
          targetId: invitation.id,
          details: { role },
        });
        return invitation;
      }),

    async endSessions(id: string, origin: AdminOrigin): Promise<void> {
      await sessions.assertReachable();
      await db.transaction(async (tx) => {
        await lockAdmins(tx, origin);
        if ((await managedUsers.lock(tx, id)) === undefined) throw userNotFound();
        await revokeAllBefore(tx, id, null);
        await endSessions(id);
        await recordAuditEntry(tx, origin, { action: "sessions_ended", targetId: id });
      });
    },
  };
}

export type AdminService = ReturnType<typeof createAdminService>;

const userNotFound = () => new AppError("not_found", "User not found.");

const isActiveAdmin = ({ role, active }: Pick<ManagedUser, "role" | "active">): boolean => role === "admin" && active;

function auditEntriesOf(before: ManagedUser, after: ManagedUser): AuditEntry[] {
  const targetId = before.id;
  const entries: AuditEntry[] = [];
  if (before.active !== after.active)
    entries.push({ action: after.active ? "user_activated" : "user_deactivated", targetId });
  if (before.role !== after.role)
    entries.push({ action: "role_changed", targetId, details: { from: before.role, to: after.role } });
  return entries;
}
