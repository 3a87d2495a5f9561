import type { Texts } from "./text-types.ts";

const paragraphs = (...parts: readonly string[]): string =>
  `${["Hello,", ...parts, "This mail was sent automatically. Replies to it are not read."].join("\n\n")}\n`;

export const english: Texts = {
  "verify-address": ({ link, hours }) => ({
    subject: "Confirm your email address",
    text: paragraphs(
      "please confirm that this is your email address. Open this link:",
      link,
      `The link works once, for ${hours} hours. If you did not ask for this mail, ignore it.`,
    ),
  }),
  "address-taken": () => ({
    subject: "You already have an account",
    text: paragraphs(
      "this email address was entered for an account, but you already have an account with it. If you entered it, sign in, or reset your password if you have forgotten it.",
      "If you did not enter it, ignore this mail. Your account is unchanged.",
    ),
  }),
  "address-change-requested": () => ({
    subject: "A new email address for your account",
    text: paragraphs(
      "a new email address was entered for your account. Nothing changes until the new address is confirmed.",
      "If you did not enter it, change your password now: this ends all other sessions.",
    ),
  }),
  "address-changed": () => ({
    subject: "The email address of your account has changed",
    text: paragraphs(
      "the email address of your account has changed. This address no longer belongs to the account.",
      "If you did not change it, contact the operator of this service.",
    ),
  }),
  "reset-password": ({ link, hours }) => ({
    subject: "Set a new password",
    text: paragraphs(
      "open this link to set a new password for your account:",
      link,
      `The link works once, for ${hours * 60} minutes. It ends all sessions of the account and deletes its API keys. If you did not ask for this mail, ignore it. Your password is unchanged.`,
    ),
  }),
  "password-changed": () => ({
    subject: "The password of your account has changed",
    text: paragraphs(
      "the password of your account has changed.",
      "If you did not change it, set a new one now with the link for forgotten passwords: this ends all sessions and deletes all API keys.",
    ),
  }),
  invitation: ({ link, hours }) => ({
    subject: "You are invited",
    text: paragraphs(
      "an administrator of this service has invited you. Open this link to register:",
      link,
      `The link works once, for ${hours / 24} days. If you do not know this service, ignore this mail.`,
    ),
  }),
};
