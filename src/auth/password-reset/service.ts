import type { Database } from "../../db/pool.ts";
import type { Outbox } from "../../mail/outbox.ts";
import type { SessionStore } from "../../sessions/session-store.ts";
import { accountTokens, linkNotValid } from "../account-mail/account-tokens.ts";
import type { Letter } from "../account-mail/letter.ts";
import { type ClientInfo, recordEvent } from "../events.ts";
import { assertNotGuessable } from "../known-passwords/known-passwords.ts";
import type { Passwords } from "../passwords.ts";
import type { RateLimit } from "../rate-limit.ts";
import { users } from "../repository.ts";
import { revokeAllBefore } from "../revocations/revocations.ts";
import type { UnknownNetworkLimit } from "../unknown-networks/unknown-network-limit.ts";

export type PasswordResetDeps = {
  db: Database;
  sessions: Pick<SessionStore, "assertReachable" | "revoke">;
  passwords: Pick<Passwords, "hash">;
  rateLimit: RateLimit;
  unknownNetworkLimit: Pick<UnknownNetworkLimit, "remember">;
  outbox: Outbox<Letter>;
};

/** Lets a user who has forgotten the password set a new one, by a link in a mail to the address of the account. */
export function createPasswordResetService(deps: PasswordResetDeps) {
  const { db, sessions, passwords, rateLimit, unknownNetworkLimit, outbox } = deps;
  return {
    /**
     * Adds a letter for every address. The account is looked up at the delivery, so neither the response nor its
     * duration shows whether there is one.
     */
    async request(email: string, { address, language }: ClientInfo): Promise<void> {
      outbox.assertSendsMail();
      await rateLimit.attempt(address, email);
      await db.transaction((tx) => outbox.add(tx, { kind: "reset-password", language, email }));
    },

    /** Sets the password, and revokes the sessions and API keys that another person may have created. */
    async reset({ token, newPassword }: { token: string; newPassword: string }, client: ClientInfo): Promise<void> {
      await rateLimit.attempt(client.address, token);
      await sessions.assertReachable();
      // Checked before the password is hashed, because hashing is expensive.
      const resetToken = await accountTokens.find(db, token, "reset-password");
      const owner = resetToken && (await users.activeById(db, resetToken.userId));
      if (owner === undefined) throw linkNotValid();
      assertNotGuessable("newPassword", newPassword, [owner.email, owner.name]);
      const passwordHash = await passwords.hash(newPassword);
      const userId = await db.transaction(async (tx) => {
        const taken = await accountTokens.take(tx, token, "reset-password");
        const user = await users.lock(tx, taken.userId);
        if (user === undefined || !user.active || user.email !== taken.email) throw linkNotValid();
        await users.resetPassword(tx, user.id, passwordHash);
        await accountTokens.revokeResets(tx, user.id);
        // Another person may have created keys: with a stolen session, or before the address was verified.
        await tx.query("DELETE FROM api_keys WHERE user_id = $1", [user.id]);
        await revokeAllBefore(tx, user.id, null);
        await recordEvent(tx, "password_reset", user.id, client);
        const { language } = client;
        if (outbox.sendsMail) await outbox.add(tx, { kind: "password-changed", language, userId: user.id });
        tx.afterCommit(() => unknownNetworkLimit.remember(client.address, user.email));
        return user.id;
      });
      // If Redis fails now, every instance ends the sessions within two seconds after Redis has recovered.
      await sessions.revoke(userId, { allBut: "" });
    },
  };
}

export type PasswordResetService = ReturnType<typeof createPasswordResetService>;
