import assert from "node:assert/strict";
import type { Answer, Ask } from "../../shared/requests/http.ts";
import { bearer } from "../../shared/requests/people.ts";
import type { ApiOperation } from "./api-document.ts";
import { bodyOf, send } from "./request.ts";

let visitors = 0;

export const newEmail = (): string => {
  visitors += 1;
  return `visitor-${process.pid}-${visitors}@example.org`;
};

export type Visitor = Awaited<ReturnType<typeof visit>>;

export type VisitOptions = {
  promote?(email: string): Promise<void>;
  /** Returns the token in the last mail, for an operation that requires one. */
  tokenFromMail?: TokenFromMail;
};

export type TokenFromMail = (operationId: string, email: string) => Promise<string | undefined>;

/**
 * Registers a user, who creates the resources that a path needs through documented operations. With `promote`, the user
 * receives the role of an administrator, and then signs in again.
 */
export async function visit(
  url: string,
  operations: readonly ApiOperation[],
  { promote, tokenFromMail }: VisitOptions = {},
) {
  const register = operations.find(({ id }) => id === "register");
  assert.ok(register);
  const email = newEmail();
  const welcome = await send(url + register.path, register, bodyOf(register, { email }));
  assert.equal(welcome.status, 201, welcome.text);
  await promote?.(email);
  const signedIn = promote === undefined ? welcome : await signIn(email);
  const { accessToken, refreshToken } = signedIn.json() as { accessToken: string; refreshToken: string };
  const links = new Set<string>();

  const call = async (operation: ApiOperation, changes: Partial<Ask & { path: string }> = {}): Promise<Answer> => {
    const path = changes.path ?? (await pathOf(operation));
    const token = await tokenFromMail?.(operation.id, email);
    const fields = ["register", "createInvitation"].includes(operation.id)
      ? { email: newEmail() }
      : { email, refreshToken, token };
    const body = bodyOf(operation, fields);
    const isPublic = operation.access === "everyone" || operation.access === "operator";
    const credentials = isPublic ? {} : bearer({ accessToken });
    const headers = { ...credentials, ...body.headers, ...changes.headers };
    const answer = await send(url + path, operation, { ...body, ...changes, headers });
    if (answer.status < 300) for (const link of linksIn(answer)) links.add(link);
    return answer;
  };

  /** Returns the path with the ids of newly created resources. */
  async function pathOf({ path, described }: Pick<ApiOperation, "path" | "described">): Promise<string> {
    let concretePath = path;
    for (const { name, example } of described.parameters?.filter((parameter) => parameter.in === "path") ?? []) {
      const template = path.slice(0, path.indexOf(`{${name}}`) + name.length + 2);
      const value = (await findId(template)) ?? example;
      assert.ok(typeof value === "string", `no documented operation returns a ${name} for ${path}`);
      concretePath = concretePath.replace(`{${name}}`, value);
    }
    return concretePath;
  }

  async function signIn(userEmail: string): Promise<Answer> {
    const login = operations.find(({ id }) => id === "login");
    assert.ok(login);
    return send(url + login.path, login, bodyOf(login, { email: userEmail }));
  }

  async function findId(template: string): Promise<string | undefined> {
    // Operations on users may end sessions, so they get a new user.
    if (template.endsWith("/users/{userId}")) return (await visit(url, operations)).userId;
    const existingId = idInLinks(template);
    if (existingId !== undefined) return existingId;
    const collection = template.split("/").at(-2);
    for (const creation of operations.filter(
      ({ method, path }) => method === "POST" && path.endsWith(`/${collection}`),
    )) {
      await call(creation);
      const createdId = idInLinks(template);
      if (createdId !== undefined) return createdId;
    }
    const list = operations.find(({ method, path }) => method === "GET" && path === template.replace(/\/[^/]+$/, ""));
    if (list !== undefined) return ((await call(list)).json() as { items?: { id: string }[] }).items?.[0]?.id;
    // File names come from the responses to uploads.
    if (template.includes("upload")) for (const upload of operations.filter(acceptsFile)) await call(upload);
    return idInLinks(template);
  }

  function idInLinks(template: string): string | undefined {
    const pattern = new RegExp(`^${template.replace(/\{\w+\}$/, "([^/?]+)").replaceAll(/\{\w+\}/g, "[^/]+")}$`);
    for (const link of links) {
      const value = pattern.exec(link)?.[1];
      if (value !== undefined) return value;
    }
    return undefined;
  }

  const { user } = welcome.json() as { user: { id: string } };
  return { email, userId: user.id, accessToken, call, pathOf };
}

const acceptsFile = ({ described }: ApiOperation): boolean =>
  described.requestBody !== undefined && described.requestBody.content["application/json"] === undefined;

function linksIn({ headers, text }: Answer): string[] {
  const quoted = [...text.matchAll(/"(?:https?:\/\/[^/"]+)?(\/[^"\s]*)"/g)].map(([, path = ""]) => path);
  return headers.location === undefined ? quoted : [headers.location, ...quoted];
}
