import { type Answer, ask, postJson } from "../shared/requests/http.ts";
import { bearer, register, type SignedIn } from "../shared/requests/people.ts";
import { boundary, formOf } from "./images.ts";
import { aProperty } from "./property-fixtures.ts";

export type Owner = SignedIn & { propertyId: string };

/** Creates an owner with a property. */
export async function owner(url: string): Promise<Owner> {
  const person = await register(url);
  const created = await postJson(`${url}/api/v1/properties`, aProperty, bearer(person));
  return { ...person, propertyId: (created.json() as { id: string }).id };
}

export function upload(
  url: string,
  { propertyId, ...person }: Owner,
  form: Buffer,
  headers: Record<string, string> = {},
): Promise<Answer> {
  return ask(`${url}/api/v1/properties/${propertyId}/photos`, {
    method: "POST",
    headers: { ...bearer(person), "content-type": `multipart/form-data; boundary=${boundary}`, ...headers },
    body: form,
  });
}

export const addPhoto = (url: string, person: Owner, bytes: Buffer, headers: Record<string, string> = {}) =>
  upload(url, person, formOf({ bytes }), headers);

export type PhotoAnswer = {
  id: string;
  propertyId: string;
  width: number;
  height: number;
  urls: { list: string; page: string };
  createdAt: string;
};

export const photoIn = (answer: Answer): PhotoAnswer => {
  if (answer.status !== 201) throw new Error(`${answer.status} ${answer.text}`);
  return answer.json() as PhotoAnswer;
};
