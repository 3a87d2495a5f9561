import { eventually } from "../../test/shared/eventually.ts";
import { ask, postJson } from "../../test/shared/requests/http.ts";

export type Owner = {
  email: string;
  password: string;
  userId: string;
  sessionId: string;
  propertyId: string;
  headers: { authorization: string };
};

const password = "a-long-enough-one";

export const propertyBody = {
  name: "Lindenhof",
  kind: "apartment_building",
  address: { line1: "Lindenstrasse 12", city: "Zürich", postalCode: "8008", country: "CH" },
};

/** Creates an account with a property, in the database that every measured server reads. */
export async function newOwner(url: string, email: string): Promise<Owner> {
  // `/ready` depends on Postgres only, but a session also needs Redis, which may be available a moment later.
  const register = () => postJson(`${url}/api/v1/auth/register`, { email, password, name: "Ada" });
  const person = await eventually(register, ({ status }) => status !== 503, 10_000, 50);
  if (person.status !== 201) throw new Error(`register: ${person.status} ${person.text}`);
  const { accessToken, user } = person.json() as { accessToken: string; user: { id: string } };
  const headers = { authorization: `Bearer ${accessToken}` };
  const property = await postJson(`${url}/api/v1/properties`, propertyBody, headers);
  if (property.status !== 201) throw new Error(`property: ${property.status} ${property.text}`);
  const claims = JSON.parse(Buffer.from(accessToken.split(".")[1] ?? "", "base64url").toString()) as { sid: string };
  const propertyId = (property.json() as { id: string }).id;
  return { email, password, userId: user.id, sessionId: claims.sid, propertyId, headers };
}

export async function bodyOf(url: string): Promise<string> {
  const answer = await ask(url);
  if (answer.status !== 200) throw new Error(`${url}: ${answer.status}`);
  return answer.text;
}
