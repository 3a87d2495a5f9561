import type { Queryable, Statements } from "../../db/pool.ts";
import type { Mail } from "../../mail/mail.ts";
import { users } from "../repository.ts";
import { invitations } from "../sign-up/invitations.ts";
import { registrations } from "../sign-up/registrations.ts";
import { accountTokens, type TokenPurpose, tokenMinutes } from "./account-tokens.ts";
import type { Letter } from "./letter.ts";
import type { LinkValues, Texts } from "./texts/text-types.ts";
import { textsIn } from "./texts/texts.ts";

export type LetterWriterDeps = {
  db: Statements;
  /** The start of all links. The `Host` header of a request is not used, because the client chooses it. */
  publicUrl: string;
};

/** The page below the public address that a link leads to. */
type Page = "verify-email" | "reset-password" | "accept-invitation";

/** The maximum number of valid links per account and per address. It limits the mails, which any client can request. */
const maxLiveTokens = 5;

/** Writes the mail of a letter at its delivery, or returns undefined if no mail is due. */
export function createLetterWriter({ db, publicUrl }: LetterWriterDeps) {
  const linkTo = (page: Page, { token, hours }: { token: string; hours: number }): LinkValues => ({
    link: `${publicUrl}/${page}?token=${token}`,
    hours,
  });

  const createAccountLink = async (
    id: string,
    account: { userId: string; email: string },
    purpose: TokenPurpose,
  ): Promise<LinkValues | undefined> => {
    const token = await db.transaction(async (tx) => {
      await lockAddress(tx, account.email);
      const otherCount = await accountTokens.countOthers(tx, { id, ...account }, purpose);
      return otherCount < maxLiveTokens ? accountTokens.create(tx, { id, ...account }, purpose) : undefined;
    });
    return token === undefined ? undefined : linkTo(purpose, { token, hours: tokenMinutes[purpose] / 60 });
  };

  const writeVerification = async (id: string, texts: Texts, userId: string, to: string): Promise<Mail | undefined> => {
    const link = await createAccountLink(id, { userId, email: to }, "verify-email");
    if (link === undefined) return undefined;
    const owner = await users.byEmail(db, to);
    const isTaken = owner !== undefined && owner.id !== userId;
    return { id, to, ...(isTaken ? texts["address-taken"]() : texts["verify-address"](link)) };
  };

  const writeRegistration = async (id: string, texts: Texts, registrationId: string): Promise<Mail | undefined> => {
    const renewed = await db.transaction(async (tx) => {
      const email = await registrations.addressOf(tx, registrationId);
      if (email === undefined) return undefined;
      await lockAddress(tx, email);
      const otherRegistrations = (await registrations.byEmail(tx, email)).filter(
        (other) => other.hasToken && other.id !== registrationId,
      );
      return otherRegistrations.length < maxLiveTokens ? registrations.renewToken(tx, registrationId) : undefined;
    });
    if (renewed === undefined) return undefined;
    const { email: to } = renewed;
    if ((await users.byEmail(db, to)) !== undefined) return { id, to, ...texts["address-taken"]() };
    return { id, to, ...texts["verify-address"](linkTo("verify-email", renewed)) };
  };

  return async (id: string, letter: Letter): Promise<Mail | undefined> => {
    const texts = textsIn(letter.language);
    switch (letter.kind) {
      case "verify-address": {
        const user = await users.activeById(db, letter.userId);
        if (user === undefined) return undefined;
        // The address may have been verified, or replaced, since the letter was added.
        const isStillUnverified =
          letter.email === user.pendingEmail || (letter.email === user.email && !user.emailVerified);
        return isStillUnverified ? writeVerification(id, texts, user.id, letter.email) : undefined;
      }
      case "verification-requested": {
        const user = await users.awaitingVerification(db, letter.email);
        if (user !== undefined) return writeVerification(id, texts, user.id, letter.email);
        const [newest] = await registrations.byEmail(db, letter.email);
        return newest && writeRegistration(id, texts, newest.id);
      }
      case "registration":
        return writeRegistration(id, texts, letter.registrationId);
      case "reset-password": {
        const user = await users.byEmail(db, letter.email);
        if (!user?.active) return undefined;
        const link = await createAccountLink(id, { userId: user.id, email: user.email }, "reset-password");
        return link && { id, to: user.email, ...texts["reset-password"](link) };
      }
      case "password-changed": {
        const user = await users.activeById(db, letter.userId);
        return user && { id, to: user.email, ...texts["password-changed"]() };
      }
      case "address-change-requested":
      case "address-changed": {
        const user = await users.activeById(db, letter.userId);
        return user && { id, to: letter.to, ...texts[letter.kind]() };
      }
      case "invitation": {
        const invitation = await invitations.renewToken(db, letter.invitationId);
        if (invitation === undefined) return undefined;
        return { id, to: invitation.email, ...texts.invitation(linkTo("accept-invitation", invitation)) };
      }
    }
  };
}

/**
 * Makes all instances write the letters to one address one after another, so that each sees the links of the others.
 */
async function lockAddress(tx: Queryable, email: string): Promise<void> {
  await tx.query("SELECT pg_advisory_xact_lock(hashtextextended($1, 0))", [`mail ${email}`]);
}
