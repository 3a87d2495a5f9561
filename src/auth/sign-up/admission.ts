import { AppError } from "../../core/errors/app-error.ts";
import type { Queryable } from "../../db/pool.ts";
import { type Invitation, invitations } from "./invitations.ts";

export type SignUpPolicy = "open" | "verified" | "invited" | "closed";

/**
 * What a registration creates: an account, with or without an invitation, or first a mail that verifies the address.
 */
export type Admission = { kind: "account"; invitation: Invitation | undefined } | { kind: "verification" };

/**
 * Accepts or refuses a registration by the setting `SIGN_UP`. An invitation is accepted with every policy except
 * `closed`, and only for the address that it was sent to.
 */
export async function admit(
  db: Queryable,
  policy: SignUpPolicy,
  { email, invitationToken }: { email: string; invitationToken?: string | undefined },
): Promise<Admission> {
  if (policy === "closed") throw new AppError("forbidden", "Registration is closed.");
  if (invitationToken === undefined) {
    if (policy === "invited") throw new AppError("forbidden", "Registration requires an invitation.");
    return policy === "verified" ? { kind: "verification" } : { kind: "account", invitation: undefined };
  }
  const invitation = await invitations.find(db, invitationToken);
  if (invitation === undefined || invitation.email !== email) throw invitationNotValid();
  return { kind: "account", invitation };
}

export const invitationNotValid = () =>
  new AppError(
    "bad_request",
    "This invitation is not valid: it has expired, was accepted or withdrawn, or is for another email address.",
  );
