import { type Answer, ask, postJson } from "../../shared/requests/http.ts";
import { login, register, type SignedIn } from "../../shared/requests/people.ts";
import { type MailServer, startMailServer, tokenIn } from "../../shared/servers/mail-server.ts";
import { asAppRole, freshDatabase, query } from "../../shared/servers/stores/database.ts";
import { freshRedis } from "../../shared/servers/stores/redis.ts";
import type { Haven } from "../../support/haven.ts";
import { startPair } from "../../support/two-instances.ts";

export type AttackedPair = {
  one: Haven;
  two: Haven;
  mail: MailServer;
  database: string;
  redis: string;
  /** Sends a request to the API of one of the instances, in turn. */
  send(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<Answer>;
  post(path: string, body: unknown, headers?: Record<string, string>): Promise<Answer>;
  signIn(person: { email: string; password: string }): Promise<Answer>;
  registerAdmin(): Promise<SignedIn>;
  /** Requests a reset of the password, and returns the token of its mail. */
  requestResetToken(email: string): Promise<string>;
  /** Waits for a mail to the address with a link to the path, and returns the token of the latest. */
  waitForMailToken(email: string, path: string): Promise<string>;
};

export const publicUrl = "https://app.example.com/account";

/** Starts two instances with real stores and a real mail server, for attacks that were written from the documentation. */
export async function startAttackedPair(env: Record<string, string> = {}): Promise<AttackedPair> {
  const mail = await startMailServer();
  const [database, redis] = [await freshDatabase(), await freshRedis()];
  const [one, two] = await startPair({
    DATABASE_URL: asAppRole(database),
    REDIS_URL: redis,
    MAIL_URL: mail.url,
    MAIL_FROM: "Haven <no-reply@example.com>",
    PUBLIC_URL: publicUrl,
    LOG_LEVEL: "trace",
    ...env,
  });
  const urls = [one.url, two.url];
  let turn = 0;
  const send: AttackedPair["send"] = (method, path, body, headers = {}) => {
    turn += 1;
    return ask(`${urls[turn % 2]}/api/v1${path}`, {
      method,
      headers: { ...(body === undefined ? {} : { "content-type": "application/json" }), ...headers },
      ...(body === undefined ? {} : { body: typeof body === "string" ? body : JSON.stringify(body) }),
    });
  };
  const post: AttackedPair["post"] = (path, body, headers) => send("POST", path, body, headers);
  const waitForMailToken: AttackedPair["waitForMailToken"] = async (email, path) => {
    const deadline = Date.now() + 20_000;
    for (;;) {
      const match = mail.received.findLast(({ to, text }) => to.includes(email) && text.includes(`${path}?token=`));
      if (match !== undefined) return tokenIn(match);
      if (Date.now() > deadline) throw new Error(`no mail with ${path} to ${email}`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  };
  return {
    one,
    two,
    mail,
    database,
    redis,
    send,
    post,
    waitForMailToken,
    signIn: ({ email, password }) => post("/auth/login", { email, password }),
    async registerAdmin() {
      const person = await register(one.url);
      await query(database, "UPDATE users SET role = 'admin' WHERE id = $1", [person.userId]);
      return login(one.url, person);
    },
    async requestResetToken(email) {
      const answer = await postJson(`${one.url}/api/v1/auth/forgot-password`, { email });
      if (answer.status !== 202) throw new Error(`${answer.status} ${answer.text}`);
      return waitForMailToken(email, "/reset-password");
    },
  };
}
