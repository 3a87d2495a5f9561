import type { Language } from "./texts/texts.ts";

/**
 * A mail that waits in the queue. It contains no text and no secrets, because the text and its token are created when the
 * mail is delivered. For an address that anyone may have entered, a letter is added whether or not there is an account,
 * so that the answer and its time do not reveal this.
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
