import { type Answer, ask, postJson } from "./http.ts";

export type SignedIn = {
  userId: string;
  email: string;
  password: string;
  accessToken: string;
  refreshToken: string;
  /** The value of the Cookie header as a browser sends it. */
  cookie: string;
  sessionId: string;
};

let people = 0;

export function newPerson() {
  people += 1;
  return {
    email: `person-${process.pid}-${people}@example.org`,
    password: "correct horse battery",
    name: "Pat Example",
  };
}

export async function register(url: string, person = newPerson()): Promise<SignedIn> {
  return signedIn(await postJson(`${url}/api/v1/auth/register`, person), person);
}

export async function login(
  url: string,
  { email, password }: { email: string; password: string },
  headers = {},
): Promise<SignedIn> {
  return signedIn(await postJson(`${url}/api/v1/auth/login`, { email, password }, headers), { email, password });
}

export function signedIn(
  answer: Pick<Answer, "status" | "headers" | "text" | "json">,
  { email, password }: { email: string; password: string },
): SignedIn {
  if (answer.status >= 300) throw new Error(`${answer.status} ${answer.text}`);
  const body = answer.json() as { user: { id: string }; accessToken: string; refreshToken: string };
  const cookie = answer.headers["set-cookie"]?.[0]?.split(";")[0] ?? "";
  const sessionId = (
    JSON.parse(Buffer.from(body.accessToken.split(".")[1] ?? "", "base64url").toString()) as { sid: string }
  ).sid;
  return {
    userId: body.user.id,
    email,
    password,
    accessToken: body.accessToken,
    refreshToken: body.refreshToken,
    cookie,
    sessionId,
  };
}

export const bearer = ({ accessToken }: Pick<SignedIn, "accessToken">) => ({ authorization: `Bearer ${accessToken}` });

export const me = (url: string, person: Pick<SignedIn, "accessToken">): Promise<Answer> =>
  ask(`${url}/api/v1/auth/me`, { headers: bearer(person) });

export const refresh = (url: string, refreshToken: string): Promise<Answer> =>
  postJson(`${url}/api/v1/auth/refresh`, { refreshToken });

export const logout = (url: string, person: Pick<SignedIn, "accessToken">): Promise<Answer> =>
  ask(`${url}/api/v1/auth/logout`, { method: "POST", headers: bearer(person) });

export const sameSecret = { JWT_SECRET: "0f1e2d3c4b5a69788796a5b4c3d2e1f00f1e2d3c", AUTH_RATE_LIMIT: "0" };
