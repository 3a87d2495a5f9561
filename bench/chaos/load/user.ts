import { once } from "node:events";
import { Agent, request as httpRequest, type IncomingHttpHeaders } from "node:http";
import { text } from "node:stream/consumers";
import { newPerson } from "../../../test/shared/requests/people.ts";
import { freshAddress } from "../../../test/shared/requests/proxy-client.ts";
import type { How } from "./records.ts";

/** Longer than the proxies wait for one instance and for the next, so that their retries count. */
const attemptTimeoutMs = 30_000;

export type Ask = {
  method: "GET" | "POST";
  path: string;
  headers?: Record<string, string>;
  body?: object;
  /** Sent from a new address over a new connection. */
  once?: boolean;
};
export type Answer = { how: How; status: number; headers: IncomingHttpHeaders; text: string };

/** A user with a client address, kept-alive connections, an account and one property. */
export async function createUser() {
  const from = freshAddress();
  const agent = new Agent({ keepAlive: true });
  const { name, ...account } = newPerson();
  let token = "";
  let signingIn: Promise<boolean> | undefined;

  /** One attempt; never rejects. */
  const ask = async ({ method, path, headers = {}, body, once: isAlone = false }: Ask): Promise<Answer> => {
    const way = isAlone ? { agent: false, localAddress: freshAddress() } : { agent, localAddress: from };
    const content = body === undefined ? undefined : JSON.stringify(body);
    const ofBody =
      content === undefined ? {} : { "content-type": "application/json", "content-length": Buffer.byteLength(content) };
    const own = token === "" ? {} : { authorization: `Bearer ${token}` };
    const request = httpRequest({
      ...{ host: "127.0.0.1", port: 80, method, path, ...way },
      headers: { accept: "application/json", ...own, ...ofBody, ...headers },
      signal: AbortSignal.timeout(attemptTimeoutMs),
    });
    try {
      request.end(content);
      const [response] = await once(request, "response");
      const words = await text(response);
      const status = Number(response.statusCode);
      return { how: status < 300 ? "ok" : inShort(status, words), status, headers: response.headers, text: words };
    } catch (error) {
      return { how: endOf(error), status: 0, headers: {}, text: "" };
    }
  };

  const enter = async (path: string, body: object): Promise<boolean> => {
    token = "";
    const answer = await ask({ method: "POST", path, body });
    if (answer.how === "ok") token = JSON.parse(answer.text).accessToken;
    return answer.how === "ok";
  };
  if (!(await enter("/api/v1/auth/register", { name, ...account }))) throw new Error("A user could not register.");
  const made = await ask({ method: "POST", path: "/api/v1/properties", body: property(`home of ${account.email}`) });
  if (made.how !== "ok") throw new Error(`A user could not create a property: ${made.status}`);

  return {
    /** A second session, which is not used. The proxies limit logins from one address, also those that are retried. */
    login: { method: "POST", path: "/api/v1/auth/login", body: account, once: true } as const,
    home: String(made.headers.location),
    ask,
    /** One login for all requests that found the session revoked. */
    signInAgain(): Promise<boolean> {
      signingIn ??= enter("/api/v1/auth/login", account).finally(() => {
        signingIn = undefined;
      });
      return signingIn;
    },
    leave: () => agent.destroy(),
  };
}

export type User = Awaited<ReturnType<typeof createUser>>;

export const property = (name: string) => ({
  name,
  kind: "house",
  address: { line1: "1 Example Street", city: "Exampleton", postalCode: "12345", country: "US" },
});

function endOf(error: unknown): How {
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  if (code === "ECONNREFUSED") return "refused";
  return error instanceof Error && (error.name === "AbortError" || error.name === "TimeoutError") ? "timeout" : "reset";
}

/** The status and the code of the problem. */
function inShort(status: number, words: string): How {
  const code = /"code": ?"(\w+)"/.exec(words)?.[1];
  return code === undefined ? `${status}` : `${status} ${code}`;
}
