import { AppError } from "../../core/errors/app-error.ts";
import { onConstraint } from "../../db/driver-errors.ts";
import type { Database, Queryable } from "../../db/pool.ts";
import type { SessionCaller } from "../../http/access.ts";
import type { Precondition } from "../../http/etag.ts";
import type { Outbox } from "../../mail/outbox.ts";
import { accountTokens, linkNotValid } from "../account-mail/account-tokens.ts";
import type { Letter } from "../account-mail/letter.ts";
import { type ClientInfo, recordEvent, secondsUntilEventAllowed } from "../events.ts";
import type { RateLimit } from "../rate-limit.ts";
import { type User, users } from "../repository.ts";
import { lockUserOf } from "../revocations/revocations.ts";
import { type Registration, registrations } from "../sign-up/registrations.ts";
import type { UnknownNetworkLimit } from "../unknown-networks/unknown-network-limit.ts";

export type AddressDeps = {
  db: Database;
  rateLimit: RateLimit;
  unknownNetworkLimit: Pick<UnknownNetworkLimit, "remember" | "forget">;
  outbox: Outbox<Letter>;
};

/** Each change sends mails to two addresses, which may both belong to strangers. */
const maxChangesPerDay = 5;

/**
 * Names and email addresses of accounts. An address is compared in lower case, and has no letters outside ASCII, so
 * that no two addresses look alike. A new address replaces the present one when its owner follows the link in a mail.
 */
export function createAddressService({ db, rateLimit, unknownNetworkLimit, outbox }: AddressDeps) {
  /** Throws `linkNotValid` if an account with the address was created since the registration. */
  const openAccount = async (tx: Queryable, registration: Registration, client: ClientInfo): Promise<void> => {
    const user = await users.insert(tx, { ...registration, emailVerified: true }).catch((error: unknown) => {
      throw error instanceof AppError && error.code === "conflict" ? linkNotValid() : error;
    });
    await recordEvent(tx, "registered", user.id, client);
    await recordEvent(tx, "email_verified", user.id, client);
  };

  return {
    async change(
      caller: SessionCaller,
      changes: { name?: string | undefined; email?: string | undefined },
      precondition: Precondition,
      client: ClientInfo,
    ): Promise<User> {
      const { userId } = caller;
      if (changes.email !== undefined) {
        await rateLimit.attempt(client.address, userId);
        outbox.assertSendsMail();
      }
      return db.transaction(async (tx) => {
        const current = await lockUserOf(caller, tx);
        const { passwordHash: _, active: __, ...user } = current;
        precondition(user);
        const { name = current.name, email } = changes;
        // Setting the current address cancels a pending change.
        const pendingEmail = email === undefined ? current.pendingEmail : email === current.email ? null : email;
        const changed = await users.changeProfile(tx, userId, { name, pendingEmail });
        if (changed === undefined) throw new Error("The update returned no row.");
        if (email !== undefined && pendingEmail !== null) {
          const retryAfterSeconds = await secondsUntilEventAllowed(
            tx,
            "email_change_requested",
            userId,
            maxChangesPerDay,
          );
          if (retryAfterSeconds > 0)
            throw new AppError("rate_limited", "Too many changes of the address. Retry later.", { retryAfterSeconds });
          const { language } = client;
          await outbox.add(tx, { kind: "verify-address", language, userId, email });
          await outbox.add(tx, { kind: "address-change-requested", language, userId, to: current.email });
          await recordEvent(tx, "email_change_requested", userId, client);
        }
        return changed;
      });
    },

    /**
     * Creates the account, if the token belongs to a registration. Otherwise verifies the address of the token, and
     * sends a mail to the address that it replaces.
     */
    async verify(token: string, client: ClientInfo): Promise<void> {
      await rateLimit.attempt(client.address, token);
      await db.transaction(async (tx) => {
        const registration = await registrations.take(tx, token);
        if (registration !== undefined) return openAccount(tx, registration, client);
        const { userId, email } = await accountTokens.take(tx, token, "verify-email");
        const before = await users.lock(tx, userId);
        const isVerified = await users
          .verifyEmail(tx, userId, email)
          .catch(onConstraint("users_email_key", linkNotValid));
        if (before === undefined || !isVerified) throw linkNotValid();
        const { language } = client;
        if (email === before.email) return recordEvent(tx, "email_verified", userId, client);
        // The links to reset the password were mailed to the former address.
        await accountTokens.revokeResets(tx, userId);
        await recordEvent(tx, "email_changed", userId, client);
        tx.afterCommit(() => {
          unknownNetworkLimit.remember(client.address, email);
          unknownNetworkLimit.forget(before.email);
        });
        if (outbox.sendsMail) await outbox.add(tx, { kind: "address-changed", language, userId, to: before.email });
      });
    },

    /** Adds a letter for every address, so that the response and its time do not show which addresses are unverified. */
    async resend(email: string, client: ClientInfo): Promise<void> {
      await rateLimit.attempt(client.address, email);
      outbox.assertSendsMail();
      const { language } = client;
      await db.transaction((tx) => outbox.add(tx, { kind: "verification-requested", language, email }));
    },

    async resendTo(userId: string, client: ClientInfo): Promise<void> {
      await rateLimit.attempt(client.address, userId);
      outbox.assertSendsMail();
      const { language } = client;
      await db.transaction(async (tx) => {
        const user = await users.byId(tx, userId);
        const email = user?.pendingEmail ?? (user?.emailVerified === false ? user.email : undefined);
        if (email !== undefined) await outbox.add(tx, { kind: "verify-address", language, userId, email });
      });
    },
  };
}

export type AddressService = ReturnType<typeof createAddressService>;
