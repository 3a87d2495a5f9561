import { z } from "zod";
import { email } from "../../http/input/common-schemas.ts";
import { smallBodyLimit } from "../../http/input/request-body.ts";
import { operation } from "../../http/operation.ts";
import { linkToken } from "../address/schema.ts";
import { newPassword } from "../schema.ts";

const tag = "Auth";

export const operations = {
  forgotPassword: operation({
    id: "forgotPassword",
    method: "post",
    path: "/auth/forgot-password",
    summary: "Send a mail with a link for setting a new password",
    description: "The answer does not depend on whether there is an account with this address.",
    tag,
    bodyLimit: smallBodyLimit,
    body: z.strictObject({ email }),
    rateLimited: true,
    problems: ["unavailable"],
    needs: { postgres: "write", redis: "write" },
    answers: { 202: { description: "If there is an account, a mail is sent to its address." } },
  }),
  resetPassword: operation({
    id: "resetPassword",
    method: "post",
    path: "/auth/reset-password",
    summary: "Set a new password with the token of a mail",
    description: "Ends all sessions of the account and deletes its API keys. A token works once, for 30 minutes.",
    tag,
    bodyLimit: smallBodyLimit,
    body: z.strictObject({ token: linkToken, newPassword }),
    rateLimited: true,
    needs: { postgres: "write", redis: "write" },
    answers: { 204: { description: "The new password is set; sign in with it." } },
  }),
};
