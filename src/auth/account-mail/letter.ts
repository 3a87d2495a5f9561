import type { Language } from "./texts/texts.ts";

/**
 * The reason for a mail that waits in the queue. A letter contains neither text nor secrets, because the text and its
 * token are created when the mail is delivered. A request that names an email address adds a letter whether or not the
 * address has an account, so that neither the response nor its duration reveals which addresses have accounts.
 */
export type Letter = { language: Language } & (
  | { kind: "verify-address"; userId: string; email: string }
  | { kind: "verification-requested"; email: string }
  | { kind: "address-change-requested"; userId: string; to: string }
  | { kind: "address-changed"; userId: string; to: string }
  | { kind: "reset-password"; email: string }
  | { kind: "password-changed"; userId: string }
  | { kind: "registration"; registrationId: string }
  | { kind: "invitation"; invitationId: string }
);
