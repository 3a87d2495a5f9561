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
      "A new address is stored as `pendingEmail`. It replaces the current address when `POST /auth/verify-email` receives the token of the mail that was sent to it. The current address gets a mail as well. An account can request five new addresses a day. Addresses are compared without case and contain only ASCII letters.",
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
      "With `email`, no sign-in is needed, and the answer does not depend on whether an account waits for the verification of that address. Without `email`, the mail goes to the unverified address of the signed-in user.",
    tag,
    bodyLimit: smallBodyLimit,
    body: z.strictObject({ email: email.optional() }).optional(),
    rateLimited: true,
    problems: ["unauthorized", "forbidden", "unavailable"],
    needs: { postgres: "write", redis: "write" },
    answers: { 202: { description: "A mail is sent if the address waits for its verification." } },
  }),
};
