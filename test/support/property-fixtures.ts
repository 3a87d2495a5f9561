import { type Answer, ask, postJson } from "../shared/requests/http.ts";
import { bearer, type SignedIn } from "../shared/requests/people.ts";

export type Resource = Record<string, unknown> & { id: string };
type Caller = Pick<SignedIn, "accessToken">;

export const aProperty = {
  name: "Harbour House",
  kind: "apartment_building",
  address: { line1: "12 Harbour Street", city: "Lisbon", postalCode: "1200-109", country: "PT" },
};
export const aUnit = { label: "2B", bedrooms: 2, bathrooms: 1.5, rentCents: 145_000, currency: "EUR" };
export const aLease = {
  tenantName: "Ana Duarte",
  tenantEmail: "ana@example.org",
  startsOn: "2031-01-01",
  endsOn: "2031-12-31",
  rentCents: 145_000,
};
export const aRequest = { title: "Kitchen tap drips", description: "Since Monday.", priority: "high" };

/** Creates functions that call the API as one person. */
export const as = (url: string, person: Caller) => {
  const headers = bearer(person);
  const api = `${url}/api/v1`;
  return {
    get: (path: string, more = {}): Promise<Answer> => ask(api + path, { headers: { ...headers, ...more } }),
    post: (path: string, value: unknown, more = {}): Promise<Answer> =>
      postJson(api + path, value, { ...headers, ...more }),
    patch: (path: string, value: unknown, more = {}): Promise<Answer> =>
      ask(api + path, {
        method: "PATCH",
        headers: { ...headers, "content-type": "application/json", ...more },
        body: JSON.stringify(value),
      }),
    remove: (path: string, more = {}): Promise<Answer> =>
      ask(api + path, { method: "DELETE", headers: { ...headers, ...more } }),
    async make(path: string, value: unknown): Promise<Resource> {
      const answer = await postJson(api + path, value, headers);
      if (answer.status !== 201) throw new Error(`${path}: ${answer.status} ${answer.text}`);
      return answer.json() as Resource;
    },
  };
};

export type Person = ReturnType<typeof as>;

/** Creates a property with one unit. */
export async function createHome(person: Person): Promise<{ property: Resource; unit: Resource }> {
  const property = await person.make("/properties", aProperty);
  return { property, unit: await person.make(`/properties/${property.id}/units`, aUnit) };
}

/** Returns the date (UTC) that is this number of days from today. */
export const day = (daysFromToday: number): string =>
  new Date(Date.now() + daysFromToday * 86_400_000).toISOString().slice(0, 10);
