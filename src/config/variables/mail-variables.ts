import { mailSender, url } from "../parsers/addresses.ts";
import { certificateFile } from "../parsers/pem.ts";
import { milliseconds } from "../parsers/values.ts";

export const mailVariables = {
  MAIL_URL: url(["smtp:", "smtps:"], { hasPassword: true })
    .optional()
    .describe(
      "SMTP server for account mail, such as `smtp://user:password@mail.example.org:587` (with STARTTLS) or `smtps://…:465`; if unset, mails are kept and shown at `/dev/mail` in development, and requests that need mail get 503 in production",
    ),
  MAIL_FROM: mailSender
    .optional()
    .describe("Sender of account mail, such as `Haven <no-reply@example.org>`; required with `MAIL_URL`"),
  MAIL_CA_FILE: certificateFile
    .optional()
    .describe("PEM file of the certificate authority that the certificate of the mail server is verified with"),
  MAIL_TIMEOUT_MS: milliseconds(100).default(10_000).describe("Time limit for the delivery of one mail"),
  PUBLIC_URL: url(["https:", "http:"])
    .refine((value) => !/[?#]/.test(value), "must not contain a query or a fragment")
    .optional()
    .describe(
      "Address of the pages that links in mails lead to, such as `https://app.example.org`; never taken from a request; required with `MAIL_URL`",
    ),
};
