import { once } from "node:events";
import { Agent, request as httpRequest, type IncomingHttpHeaders } from "node:http";
import { text } from "node:stream/consumers";
import { newPerson } from "../../../test/shared/requests/people.ts";
import { freshAddress } from "../../../test/shared/requests/proxy-client.ts";
import type { AttemptResult } from "./records.ts";

/** Longer than a proxy waits for one instance and then for a second one, so that its retry can succeed. */
const attemptTimeoutMs = 30_000;

export type Ask = {
  method: "GET" | "POST";
  path: string;
  headers?: Record<string, string>;
  body?: object;
  /** Whether the request is sent from a new address, over a new connection. */
  fromNewAddress?: boolean;
};
export type Answer = { result: AttemptResult; status: number; headers: IncomingHttpHeaders; text: string };

/** Creates a user with a client address, kept-alive connections, an account and one property. */
export async function createUser() {
  const ownAddress = freshAddress();
  const agent = new Agent({ keepAlive: true });
  const { name, ...account } = newPerson();
  let token = "";
  let signingIn: Promise<boolean> | undefined;

  /** Sends one attempt. Never rejects. */
  const ask = async ({ method, path, headers = {}, body, fromNewAddress = false }: Ask): Promise<Answer> => {
    const connectionOptions = fromNewAddress
      ? { agent: false, localAddress: freshAddress() }
      : { agent, localAddress: ownAddress };
    const content = body === undefined ? undefined : JSON.stringify(body);
    const bodyHeaders =
      content === undefined ? {} : { "content-type": "application/json", "content-length": Buffer.byteLength(content) };
    const authorization = token === "" ? {} : { authorization: `Bearer ${token}` };
    const request = httpRequest({
      ...{ host: "127.0.0.1", port: 80, method, path, ...connectionOptions },
      headers: { accept: "application/json", ...authorization, ...bodyHeaders, ...headers },
      signal: AbortSignal.timeout(attemptTimeoutMs),
    });
    try {
      request.end(content);
      const [response] = await once(request, "response");
      const responseText = await text(response);
      const status = Number(response.statusCode);
      return {
        result: status < 300 ? "ok" : statusText(status, responseText),
        status,
        headers: response.headers,
        text: responseText,
      };
    } catch (error) {
      return { result: connectionErrorOf(error), status: 0, headers: {}, text: "" };
    }
  };

  const authenticate = async (path: string, body: object): Promise<boolean> => {
    token = "";
    const answer = await ask({ method: "POST", path, body });
    if (answer.result === "ok") token = JSON.parse(answer.text).accessToken;
    return answer.result === "ok";
  };
  if (!(await authenticate("/api/v1/auth/register", { name, ...account })))
    throw new Error("A user could not register.");
  const created = await ask({ method: "POST", path: "/api/v1/properties", body: property(`home of ${account.email}`) });
  if (created.result !== "ok") throw new Error(`A user could not create a property: ${created.status}`);

  return {
    /**
     * A login whose session is not used. It is sent from a new address, because the proxies limit logins for each
     * address.
     */
    login: { method: "POST", path: "/api/v1/auth/login", body: account, fromNewAddress: true } as const,
    propertyPath: String(created.headers.location),
    ask,
    /** Logs in once for all requests that got 401, and returns whether the login succeeded. */
    signInAgain(): Promise<boolean> {
      signingIn ??= authenticate("/api/v1/auth/login", account).finally(() => {
        signingIn = undefined;
      });
      return signingIn;
    },
    disconnect: () => agent.destroy(),
  };
}

export type User = Awaited<ReturnType<typeof createUser>>;

export const property = (name: string) => ({
  name,
  kind: "house",
  address: { line1: "1 Example Street", city: "Exampleton", postalCode: "12345", country: "US" },
});

function connectionErrorOf(error: unknown): AttemptResult {
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  if (code === "ECONNREFUSED") return "refused";
  return error instanceof Error && (error.name === "AbortError" || error.name === "TimeoutError") ? "timeout" : "reset";
}

/** Returns the status and the code of the problem. */
function statusText(status: number, responseText: string): AttemptResult {
  const code = /"code": ?"(\w+)"/.exec(responseText)?.[1];
  return code === undefined ? `${status}` : `${status} ${code}`;
}
