import type { Language } from "./texts/texts.ts";

/**
 * The reason for a mail, as it waits in the queue. It names what the mail is about and has no secrets: the mail and its
 * token are made at the delivery. A letter to an address that a stranger typed is added whether or not there is an
 * account, so that the answer and its time are the same.
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
