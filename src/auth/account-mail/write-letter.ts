import type { Queryable } from "../../db/pool.ts";
import type { Mail } from "../../mail/mail.ts";
import { type User, users } from "../repository.ts";
import { accountTokens, type TokenPurpose, tokenMinutes } from "./account-tokens.ts";
import type { Letter } from "./letter.ts";
import type { LinkValues } from "./texts/text-types.ts";
import { textsIn } from "./texts/texts.ts";

export type LetterWriterDeps = {
  db: Queryable;
  /** Links start with it. The host of a request is never used, because the client chooses it. */
  publicUrl: string;
};

/** The paths of the pages that links lead to, below the public address. */
const pages = { "verify-email": "verify-email", "reset-password": "reset-password" } as const;

/** An account gets at most this many mails with a link while the links work: any client can request them. */
const maxLiveTokens = 5;

/** Writes the mail of a letter at its delivery, or returns undefined if no mail is due. */
export function createLetterWriter({ db, publicUrl }: LetterWriterDeps) {
  const withLink = async (
    id: string,
    { userId, email }: { userId: string; email: string },
    purpose: TokenPurpose,
  ): Promise<LinkValues | undefined> => {
    if ((await accountTokens.count(db, userId, purpose)) >= maxLiveTokens) return undefined;
    const token = await accountTokens.create(db, { id, userId, email }, purpose);
    return { link: `${publicUrl}/${pages[purpose]}?token=${token}`, hours: tokenMinutes[purpose] / 60 };
  };

  const verification = async (id: string, letter: Letter, user: User, email: string): Promise<Mail | undefined> => {
    const texts = textsIn(letter.language);
    const owner = await users.byEmail(db, email);
    if (owner !== undefined && owner.id !== user.id) return { id, to: email, ...texts["address-taken"]() };
    const link = await withLink(id, { userId: user.id, email }, "verify-email");
    return link && { id, to: email, ...texts["verify-address"](link) };
  };

  return async (id: string, letter: Letter): Promise<Mail | undefined> => {
    const texts = textsIn(letter.language);
    if (letter.kind === "verification-requested") {
      const user = await users.awaitingVerification(db, letter.email);
      return user && verification(id, letter, user, letter.email);
    }
    const user = await users.byId(db, letter.userId);
    if (user === undefined || !user.active) return undefined;
    switch (letter.kind) {
      case "verify-address": {
        // The address may have been verified, or replaced, since the letter was added.
        const isAwaited = letter.email === user.pendingEmail || (letter.email === user.email && !user.emailVerified);
        return isAwaited ? verification(id, letter, user, letter.email) : undefined;
      }
      case "address-change-requested":
      case "address-changed":
        return { id, to: letter.to, ...texts[letter.kind]() };
    }
  };
}
