import { originList } from "../parsers/addresses.ts";
import { privateKey } from "../parsers/pem.ts";
import { claimValue, issuerList } from "../parsers/trusted-issuers.ts";
import { identifier, milliseconds, oneOf, seconds, secretList, text, wholeNumber } from "../parsers/values.ts";

export const sessionVariables = {
  JWT_SECRET: text
    .optional()
    .describe("Secret that signs access tokens; in production at least 32 bytes and not a placeholder"),
  JWT_SECRET_PREVIOUS: secretList
    .prefault("")
    .describe(
      "Other secrets whose tokens are accepted, separated by commas: earlier values of `JWT_SECRET`, and, before a rotation, its next value; in production at least 32 bytes each",
    ),
  JWT_PRIVATE_KEY: privateKey
    .optional()
    .describe("P-256 private key in PEM; if set, access tokens are signed with ES256, see `/.well-known/jwks.json`"),
  JWT_PRIVATE_KEY_PREVIOUS: privateKey
    .optional()
    .describe("The previous private key: tokens that it signed stay valid"),
  ACCESS_TOKEN_TTL: seconds(1, 86_400).default(600).describe("Lifetime of an access token, in seconds"),
  SESSION_TTL: seconds(1, 31_536_000)
    .default(86_400)
    .describe("A session ends after this many seconds without a request"),
  SESSION_MAX_AGE: seconds(1, 31_536_000)
    .default(604_800)
    .describe("A session ends this many seconds after its login, used or not"),
  SESSION_CACHE: oneOf(["on", "off"])
    .default("on")
    .describe(
      "`on`: each instance remembers sessions until Redis reports a change; `off`: every authenticated request reads its session from Redis. With a Redis Cluster it is always off",
    ),
  SESSION_COOKIE_NAME: identifier
    .optional()
    .describe("Name of the session cookie; default: `__Host-haven_session` in production, otherwise `haven_session`"),
  AUTH_RATE_LIMIT: wholeNumber(0, 100_000, "a whole number")
    .default(10)
    .describe(
      "Attempts per minute to sign in, to register, to prove or reset a password, and to change or verify an email address. Counted for each client address (IPv6: each /64 network), for each pair of account and client address, and for each session that proves a password; `0` disables the limit",
    ),

  API_KEY_RATE_LIMIT: wholeNumber(0, 1_000_000, "a whole number")
    .default(600)
    .describe("Requests of one API key per minute, on all instances together; `0` disables the limit"),
  TRUSTED_ISSUERS: issuerList
    .prefault("")
    .describe(
      "URLs of OpenID Connect issuers whose access tokens are accepted beside those of this server, separated by commas: docs/trusted-issuers.md",
    ),
  TRUSTED_AUDIENCE: text
    .optional()
    .describe("The `aud` that tokens of trusted issuers must have; required with `TRUSTED_ISSUERS`"),
  TRUSTED_ADMIN_CLAIM: claimValue
    .optional()
    .describe(
      "Claim and value that make a user of a trusted issuer an administrator, e.g. `groups=haven-admins`; if unset, only an administrator of this server can give that role",
    ),
  AUDIT_RETENTION_DAYS: wholeNumber(1, 36_500, "a whole number of days")
    .default(400)
    .describe("How long entries of the audit trail are kept"),
  EVENT_RETENTION_DAYS: wholeNumber(1, 36_500, "a whole number of days")
    .default(90)
    .describe("How long security events of users, and invitations, are kept"),
  SIGN_UP: oneOf(["open", "verified", "invited", "closed"])
    .default("open")
    .describe(
      "`open`: a registration creates an account at once; `verified`: the account is created when the link in a mail is followed, and the answer does not show whether the address has an account; `invited`: only with the invitation of an administrator; `closed`: never",
    ),

  PASSWORD_QUEUE_TIMEOUT_MS: milliseconds(0)
    .default(3000)
    .describe(
      "Maximum wait before a password is hashed or checked; only a few are processed at the same time, so that the server stays responsive",
    ),
  CORS_ORIGINS: originList
    .prefault("")
    .describe("Origins whose pages may call the API with a bearer token, separated by commas; default: none"),
};
