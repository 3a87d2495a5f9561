import { createHash, randomBytes } from "node:crypto";
import type { Role } from "../../core/role.ts";
import type { Database } from "../../db/pool.ts";
import type { Caller } from "../../http/access.ts";
import type { Passwords } from "../passwords.ts";
import { changeRole, createIdentityUser, findIdentity } from "./identities.ts";
import type { IssuerClaims, VerifyIssuerToken } from "./verify-token.ts";

/** The claim that makes a user an administrator if it has, or contains, this value. */
export type AdminClaim = { name: string; value: string };

export type AuthenticateIssuerDeps = {
  verify: VerifyIssuerToken;
  db: Database;
  passwords: Pick<Passwords, "hash">;
  adminClaim: AdminClaim | undefined;
};

/**
 * Identifies the user of a token of a trusted issuer, in one look-up in Postgres. The first token of a subject creates
 * its user. Returns undefined for an invalid token and for a deactivated user.
 */
export function createAuthenticateIssuer({ verify, db, passwords, adminClaim }: AuthenticateIssuerDeps) {
  /** Hashes a random password that is not stored, so that no password opens the account. */
  const hashRandomPassword = () => passwords.hash(randomBytes(32).toString("base64url"));

  return async (token: string): Promise<Caller | undefined> => {
    const claims = await verify(token);
    if (claims === undefined) return undefined;
    const identity = { issuer: claims.iss, subject: claims.sub };
    const role = adminClaim && roleIn(claims, adminClaim);
    const user =
      (await findIdentity(db, identity)) ??
      (await createIdentityUser(db, identity, {
        name: nameIn(claims),
        role: role ?? "member",
        passwordHash: await hashRandomPassword(),
      }));
    if (user === undefined || !user.active) return undefined;
    const { userId } = user;
    if (role !== undefined && role !== user.role) await changeRole(db, userId, role, identity.issuer);
    const tokenId = createHash("sha256").update(token).digest("base64url").slice(0, 22);
    return { by: "issuer", userId, role: role ?? user.role, tokenId, endsAt: new Date(claims.exp * 1000) };
  };
}

export type AuthenticateIssuer = ReturnType<typeof createAuthenticateIssuer>;

function roleIn(claims: IssuerClaims, { name, value }: AdminClaim): Role {
  const claim = Object.hasOwn(claims, name) ? claims[name] : undefined;
  const isAdmin = Array.isArray(claim) ? claim.includes(value) : claim === value;
  return isAdmin ? "admin" : "member";
}

/** Returns the name in the token without invisible characters, or the subject if there is no name. */
function nameIn({ name, sub }: IssuerClaims): string {
  const text =
    typeof name === "string"
      ? name
          .slice(0, 200)
          .replaceAll(/[\p{Cc}\p{Cf}\p{Cs}]/gu, "")
          .trim()
      : "";
  return text === "" ? sub.slice(0, 200) : text;
}
