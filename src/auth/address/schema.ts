import { z } from "zod";
import { changesOf, email, exactText } from "../../http/input/common-schemas.ts";
import { smallBodyLimit } from "../../http/input/request-body.ts";
import { operation } from "../../http/operation.ts";
import { name, user } from "../schema.ts";

const tag = "Auth";

export const linkToken = exactText({ minLength: 1, maxLength: 200 }).meta({
  description: "The `token` of the link in the mail",
  example: "3q2-7wAAAQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRo",
});

export const operations = {
  changeMe: operation({
    id: "updateMe",
    method: "patch",
    path: "/auth/me",
    summary: "Change the name or the email address",
    description:
      "A new address is the `pendingEmail` until the link in the mail to it is followed, with `POST /auth/verify-email`; then it replaces the present one. The present address gets a mail, too. An account can ask for five new addresses a day. Addresses are compared without case, and have no letters outside ASCII.",
    tag,
    access: "session",
    bodyLimit: smallBodyLimit,
    body: changesOf(z.strictObject({ name, email })),
    headers: ["If-Match"],
    rateLimited: true,
    problems: ["unavailable"],
    answers: { 200: { description: "The changed user.", schema: user } },
  }),
  verifyEmail: operation({
    id: "verifyEmail",
    method: "post",
    path: "/auth/verify-email",
    summary: "Verify an email address with the token of a mail",
    tag,
    bodyLimit: smallBodyLimit,
    body: z.strictObject({ token: linkToken }),
    rateLimited: true,
    needs: { postgres: "write", redis: "write" },
    answers: { 204: { description: "The address is verified." } },
  }),
  resend: operation({
    id: "resendVerification",
    method: "post",
    path: "/auth/verify-email/resend",
    summary: "Send the verification mail again",
    description:
      "With an `email`, no sign-in is needed, and the answer does not depend on whether an account waits for its verification. Without it, the mail goes to the address of the signed-in user that is not verified yet.",
    tag,
    bodyLimit: smallBodyLimit,
    body: z.strictObject({ email: email.optional() }).optional(),
    rateLimited: true,
    problems: ["unauthorized", "forbidden", "unavailable"],
    needs: { postgres: "write", redis: "write" },
    answers: { 202: { description: "A mail is sent if the address waits for its verification." } },
  }),
};
