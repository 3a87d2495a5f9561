import { uuidv7 } from "../../core/ids.ts";
import { dayMs, dayOf, nextNumber, pickFrom } from "./random.ts";
import { historyOf } from "./request-history.ts";
import { type DemoData, firstNames, lastNames, problems } from "./rows.ts";

const streets = ["Canal Street", "Harbour Road", "Mill Lane", "Station Square", "Orchard Way", "Garden Terrace"];
const cities = [
  { city: "Lisboa", postalCode: "1200-109", country: "PT" },
  { city: "Leipzig", postalCode: "04177", country: "DE" },
  { city: "Gent", postalCode: "9000", country: "BE" },
  { city: "Girona", postalCode: "17001", country: "ES" },
  { city: "Lyon", postalCode: "69002", country: "FR" },
];
const kinds = ["apartment_building", "apartment_building", "condo", "house", "commercial"];
const labels = ["1A", "1B", "1C", "2A", "2B", "2C", "3A", "3B", "3C"];
const requestsPerProperty = 20;

/** One property, 9 units, 20 leases, 20 maintenance requests and their 50 events. */
export const rowsPerProperty = 100;

/**
 * Returns one property of the estate with its units, leases, requests and events. An index gives the same data at every
 * call, with dates relative to today.
 */
export function estateProperty(index: number, nowMs: number): DemoData {
  const pick = pickFrom(nextNumber(index * 7919 + 11));
  const since = nowMs - 1200 * dayMs + (index % 100_000) * 60_000;
  const number = Math.floor(index / streets.length) + 1;
  const line1 = `${number} ${streets[index % streets.length]}`;
  const property = {
    id: uuidv7(since),
    name: line1,
    kind: pick(kinds),
    address: { line1, ...pick(cities) },
    created_at: new Date(since),
  };
  const units = labels.map((label, at) => ({
    id: uuidv7(since + (at + 1) * 1000),
    property_id: property.id,
    label,
    bedrooms: pick([1, 2, 3]),
    bathrooms: pick([1, 1, 1.5, 2]),
    rent_cents: 80_000 + pick([0, 10, 20, 30, 40, 50]) * 1000,
    currency: "EUR",
    withdrawn: false,
    created_at: new Date(since + (at + 1) * 1000),
  }));
  const leases = units.flatMap((unit, at) =>
    leaseTerms(at).map(([from, to]) => {
      const [first, last] = [pick(firstNames), pick(lastNames)];
      const signedMs = nowMs + Math.min(from, -1) * dayMs;
      return {
        id: uuidv7(signedMs),
        unit_id: unit.id,
        tenant_name: `${first} ${last}`,
        tenant_email: `${first}.${last}@example.org`.toLowerCase(),
        starts_on: dayOf(nowMs + from * dayMs),
        ends_on: dayOf(nowMs + to * dayMs),
        rent_cents: unit.rent_cents,
        currency: "EUR",
        created_at: new Date(signedMs),
      };
    }),
  );
  const histories = Array.from({ length: requestsPerProperty }, (_, at) =>
    historyOf({
      unitId: pick(units).id,
      problem: pick(problems),
      beganMs: nowMs - (5 + 18 * at) * dayMs + (index % 1000) * 60_000,
      // Each of the four statuses is equally frequent, so that the number of events is always the same.
      changes: at % 4,
      nowMs,
    }),
  );
  return {
    properties: [property],
    units,
    leases,
    requests: histories.map(({ row }) => row),
    events: histories.flatMap(({ events }) => events),
  };
}

/**
 * Returns the terms of a past and a current lease. Every fourth unit is vacant and has two past leases. The first two
 * units also have a future lease.
 */
function leaseTerms(unit: number): (readonly [from: number, to: number])[] {
  if (unit % 4 === 3) return [[-1095, -731] as const, [-730, -366] as const];
  const current = [[-730, -366] as const, [-365, unit < 2 ? 40 : 300] as const];
  return unit < 2 ? [...current, [41, 405] as const] : current;
}
