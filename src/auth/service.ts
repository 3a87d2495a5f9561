import { AppError } from "../core/errors/app-error.ts";
import type { Logger } from "../core/logging/logger.ts";
import type { Database, Queryable } from "../db/pool.ts";
import type { PageRequest } from "../db/read-list.ts";
import type { Caller, SessionCaller } from "../http/access.ts";
import type { Outbox } from "../mail/outbox.ts";
import { decodeCredential, hashCookie, type SessionSecrets } from "../sessions/session-secrets.ts";
import type { NewSession, SessionStore, SessionView } from "../sessions/session-store.ts";
import { accountTokens } from "./account-mail/account-tokens.ts";
import type { Letter } from "./account-mail/letter.ts";
import { type ClientInfo, type EventType, recordEvent, secondsUntilEventAllowed } from "./events.ts";
import { assertNotGuessable } from "./known-passwords/known-passwords.ts";
import type { Passwords } from "./passwords.ts";
import type { RateLimit } from "./rate-limit.ts";
import { type User, type UserWithPassword, users } from "./repository.ts";
import type { ReuseRevocations } from "./revocations/reuse-revocations.ts";
import { lockUserOf, recordRevocations, revokeAllBefore, sessionStart } from "./revocations/revocations.ts";
import { admit, invitationNotValid, type SignUpPolicy } from "./sign-up/admission.ts";
import { invitations } from "./sign-up/invitations.ts";
import { registrations } from "./sign-up/registrations.ts";
import type { AccessTokens } from "./tokens/access-token.ts";
import type { UnknownNetworkLimit } from "./unknown-networks/unknown-network-limit.ts";

export type AuthDeps = {
  db: Database;
  sessions: SessionStore;
  secrets: SessionSecrets;
  tokens: AccessTokens;
  passwords: Passwords;
  rateLimit: RateLimit;
  unknownNetworkLimit: UnknownNetworkLimit;
  reuseRevocations: Pick<ReuseRevocations, "revoke">;
  outbox: Outbox<Letter>;
  signUp: SignUpPolicy;
  sessionMaxAgeSeconds: number;
  logger: Pick<Logger, "warn">;
};

/** What a client receives after it has authenticated. */
export type SignedIn = {
  user: User;
  accessToken: string;
  refreshToken: string;
  cookie: string | undefined;
  expiresIn: number;
};

export type Credentials = { email: string; password: string };
export type NewAccount = Credentials & { name: string; invitationToken?: string | undefined };

/** The maximum number of mails per account and day that report a changed password. */
const maxPasswordMailsPerDay = 5;

export function createAuthService(deps: AuthDeps) {
  const { db, sessions, secrets, tokens, passwords, rateLimit, reuseRevocations, outbox } = deps;
  const { unknownNetworkLimit, signUp, sessionMaxAgeSeconds, logger } = deps;

  /** Logs a failed insert instead of throwing, because the request has already taken effect. */
  const recordSecurityEvent = (type: EventType, userId: string, client: ClientInfo): Promise<void> =>
    recordEvent(db, type, userId, client).catch((error: unknown) => {
      logger.warn({ err: error, requestId: client.requestId, event: type }, "recording a security event failed");
    });

  const beginSession = async (tx: Queryable, user: User, { device, address }: ClientInfo): Promise<NewSession> =>
    sessions.create(user.id, user.role, { device, address }, await sessionStart(tx, user.id), (id, seed) =>
      hashCookie(secrets.cookie(user.id, id, seed)),
    );

  const toSignedIn = (user: User, session: TokenSource, cookie: string | undefined): SignedIn => {
    const claims = { userId: user.id, sessionId: session.id, role: user.role };
    const { token, expiresIn } = tokens.sign(claims, session.endsInMs);
    const refreshToken = secrets.refreshToken(user.id, session.id, session.seed, session.generation);
    return { user, accessToken: token, refreshToken, cookie, expiresIn };
  };

  const toSignedInWithCookie = (user: User, session: NewSession): SignedIn =>
    toSignedIn(user, session, secrets.cookie(user.id, session.id, session.seed));

  /**
   * Revokes sessions: first in Postgres, then in Redis. Fails while Redis is unavailable. If Redis fails after the write
   * to Postgres, the revocation resync revokes the sessions in Redis later.
   */
  const revoke = async (userId: string, ids: readonly string[]): Promise<void> => {
    await sessions.assertReachable();
    await recordRevocations(db, userId, ids, sessionMaxAgeSeconds);
    await sessions.revoke(userId, { ids });
  };

  /**
   * Revokes by a cut-off time instead of by ids, to include sessions that Redis has lost or restores after a failover.
   */
  const revokeOtherSessions = async (tx: Queryable, userId: string, keptId: string): Promise<void> => {
    await revokeAllBefore(tx, userId, keptId);
    await sessions.revoke(userId, { allBut: keptId });
  };

  return {
    /** Returns undefined if the account is created later, when the link in the mail is followed. */
    async register(input: NewAccount, client: ClientInfo): Promise<SignedIn | undefined> {
      const { email, name } = input;
      const { language } = client;
      await rateLimit.attempt(client.address, email);
      const admission = await admit(db, signUp, input);
      if (admission.kind === "verification") outbox.assertSendsMail();
      assertNotGuessable("password", input.password, [email, name]);
      await sessions.assertReachable();
      const passwordHash = await passwords.hash(input.password);
      return db.transaction(async (tx) => {
        if (admission.kind === "verification") {
          const registrationId = await registrations.insert(tx, { email, name, passwordHash });
          await outbox.add(tx, { kind: "registration", language, registrationId });
          return undefined;
        }
        const { invitation } = admission;
        const emailVerified = invitation !== undefined;
        const role = invitation?.role ?? "member";
        const user = await users.insert(tx, { email, name, passwordHash, role, emailVerified });
        if (invitation !== undefined && !(await invitations.accept(tx, invitation.id, user.id)))
          throw invitationNotValid();
        await recordEvent(tx, "registered", user.id, client);
        tx.afterCommit(() => unknownNetworkLimit.remember(client.address, email));
        if (outbox.sendsMail && !emailVerified)
          await outbox.add(tx, { kind: "verify-address", language, userId: user.id, email });
        return toSignedInWithCookie(user, await beginSession(tx, user, client));
      });
    },

    async login({ email, password }: Credentials, client: ClientInfo): Promise<SignedIn> {
      await rateLimit.attempt(client.address, email);
      await unknownNetworkLimit.attempt(client.address, email);
      await sessions.assertReachable();
      const user = await users.byEmail(db, email);
      const matches = await passwords.matches(password, user?.passwordHash);
      if (user === undefined || !matches || !user.active) {
        if (user !== undefined) void recordSecurityEvent("login_failed", user.id, client);
        throw wrongCredentials();
      }
      const session = await beginSession(db, user, client);
      // A change of the account revokes only sessions that started before the change. If the account was changed while
      // the password was checked, the new session is revoked here.
      if (!(await users.mayKeepSession(db, user, session.id))) {
        await revoke(user.id, [session.id]);
        throw wrongCredentials();
      }
      await recordRevocations(db, user.id, session.evicted, sessionMaxAgeSeconds);
      if (passwords.isOutdated(user.passwordHash)) {
        await users.changePassword(db, user.id, user.passwordHash, await passwords.hash(password));
      }
      unknownNetworkLimit.remember(client.address, email);
      await recordSecurityEvent("login_succeeded", user.id, client);
      return toSignedInWithCookie(withoutPassword(user), session);
    },

    /**
     * Exchanges a refresh token. A quick retry returns the same new token. A later reuse of the old one ends the
     * session.
     */
    async refresh(refreshToken: string, client: ClientInfo): Promise<SignedIn> {
      const invalidToken = () => new AppError("unauthorized", "This refresh token is not valid.");
      const credential = decodeCredential(refreshToken);
      if (credential === undefined) throw invalidToken();
      const { userId, sessionId, generation } = credential;
      const stored = await sessions.seedOf(userId, sessionId);
      if (stored === undefined || !secrets.isRefreshToken(credential, stored.seed)) throw invalidToken();
      const user = await users.byId(db, userId);
      if (user === undefined || !user.active) throw invalidToken();
      const rotation = await sessions.rotate(userId, sessionId, generation, user.role);
      if (rotation.outcome === "reused") {
        await reuseRevocations.revoke(userId, sessionId);
        await recordSecurityEvent("refresh_reused", userId, client);
      }
      if (rotation.outcome === "reused" || rotation.outcome === "not_active") throw invalidToken();
      const session = { id: sessionId, seed: stored.seed, ...rotation };
      return toSignedIn(
        withoutPassword(user),
        session,
        secrets.deriveCookie(userId, sessionId, stored.seed, stored.cookieHash),
      );
    },

    async logout({ userId, sessionId }: SessionCaller, client: ClientInfo): Promise<void> {
      await revoke(userId, [sessionId]);
      await recordSecurityEvent("logged_out", userId, client);
    },

    async me({ userId }: Caller): Promise<User> {
      const user = await users.byId(db, userId);
      if (user === undefined || !user.active) throw new AppError("unauthorized", "This account is not active.");
      return withoutPassword(user);
    },

    async changePassword(
      caller: SessionCaller,
      input: { currentPassword: string; newPassword: string },
      client: ClientInfo,
    ): Promise<void> {
      const { userId, sessionId } = caller;
      await rateLimit.attemptInSession(caller, client.address);
      await sessions.assertReachable();
      const user = await users.byId(db, userId);
      const wrongPassword = () => new AppError("forbidden", "The current password is wrong.");
      if (user === undefined || !(await passwords.matches(input.currentPassword, user.passwordHash))) {
        void recordSecurityEvent("password_change_failed", userId, client);
        throw wrongPassword();
      }
      assertNotGuessable("newPassword", input.newPassword, [user.email, user.name]);
      const passwordHash = await passwords.hash(input.newPassword);
      // The row is locked until the commit, so a concurrent login with the old password waits and is then rejected.
      await db.transaction(async (tx) => {
        if (!(await users.changePassword(tx, userId, user.passwordHash, passwordHash))) throw wrongPassword();
        await revokeOtherSessions(tx, userId, sessionId);
        await accountTokens.revokeResets(tx, userId);
        // The mails are limited, because an unverified address may belong to a stranger.
        const isMailLimitReached =
          (await secondsUntilEventAllowed(tx, "password_changed", userId, maxPasswordMailsPerDay)) > 0;
        await recordEvent(tx, "password_changed", userId, client);
        if (outbox.sendsMail && !isMailLimitReached)
          await outbox.add(tx, { kind: "password-changed", language: client.language, userId });
      });
    },

    /**
     * Lists sessions, newest first. A user has few sessions (`maxSessionsPerUser`), so all of them are read for each
     * page.
     */
    async sessions({ userId }: SessionCaller, { below, take }: PageRequest): Promise<{ items: SessionView[] }> {
      const olderSessions = (await sessions.list(userId)).filter(({ id }) => id < below);
      return { items: olderSessions.sort((a, b) => (a.id < b.id ? 1 : -1)).slice(0, take) };
    },

    async revokeSession({ userId }: SessionCaller, sessionId: string, client: ClientInfo): Promise<void> {
      const sessionsOfUser = await sessions.list(userId);
      if (!sessionsOfUser.some(({ id }) => id === sessionId)) throw new AppError("not_found", "Session not found.");
      await revoke(userId, [sessionId]);
      await recordSecurityEvent("session_revoked", userId, client);
    },

    async revokeOthers(caller: SessionCaller, client: ClientInfo): Promise<void> {
      const { userId, sessionId } = caller;
      await sessions.assertReachable();
      await db.transaction(async (tx) => {
        await lockUserOf(caller, tx);
        await revokeOtherSessions(tx, userId, sessionId);
      });
      await recordSecurityEvent("other_sessions_revoked", userId, client);
    },
  };
}

export type AuthService = ReturnType<typeof createAuthService>;

type TokenSource = { id: string; seed: string; generation: number; endsInMs: number };

const wrongCredentials = () => new AppError("unauthorized", "The email address or the password is wrong.");

const withoutPassword = ({ passwordHash: _, active: __, ...user }: UserWithPassword): User => user;
