import { uuidv7 } from "../../core/ids.ts";
import { dayMs, dayOf, nextNumber, type Pick, pickFrom } from "./random.ts";
import { historyOf } from "./request-history.ts";
import { type DemoData, firstNames, lastNames, problems, type Row } from "./rows.ts";

const buildings = [
  {
    name: "Harbour House",
    kind: "apartment_building",
    address: { line1: "12 Rua do Cais", city: "Lisboa", postalCode: "1200-109", country: "PT" },
    labels: ["1A", "1B", "2A", "2B", "3A", "3B"],
    rentCents: 118_000,
  },
  {
    name: "Lindenhof",
    kind: "apartment_building",
    address: { line1: "Lindenallee 48", line2: "Hinterhaus", city: "Leipzig", postalCode: "04177", country: "DE" },
    labels: ["EG links", "EG rechts", "1. OG", "2. OG", "Dachgeschoss"],
    rentCents: 86_000,
  },
  {
    name: "The Old Bakery",
    kind: "commercial",
    address: { line1: "3 Canal Street", city: "Gent", postalCode: "9000", country: "BE" },
    labels: ["Shop", "Studio"],
    rentCents: 164_000,
  },
  {
    name: "Casa Oliva",
    kind: "house",
    address: { line1: "Camino del Molino 7", city: "Girona", region: "Catalunya", postalCode: "17001", country: "ES" },
    labels: ["Main house"],
    rentCents: 192_000,
  },
];

/** Returns the same properties and tenants at every call, with dates relative to today. */
export function demoData(nowMs: number): DemoData {
  const data: DemoData = { properties: [], units: [], leases: [], requests: [], events: [] };
  const pick = pickFrom(nextNumber(7));
  for (const [index, { labels, rentCents, ...fields }] of buildings.entries()) {
    const since = nowMs - (900 - index * 30) * dayMs;
    const property = { id: uuidv7(since), ...fields, created_at: new Date(since) };
    data.properties.push(property);
    for (const [floor, label] of labels.entries()) {
      const at = since + (floor + 1) * 60_000;
      const unit = {
        id: uuidv7(at),
        property_id: property.id,
        label,
        bedrooms: fields.kind === "commercial" ? 0 : pick([1, 2, 3]),
        bathrooms: pick([1, 1, 1.5, 2]),
        rent_cents: rentCents + floor * 4500,
        currency: "EUR",
        withdrawn: label === "Studio",
        created_at: new Date(at),
      };
      data.units.push(unit);
      if (!unit.withdrawn) data.leases.push(...leasesOf(unit, floor, nowMs, pick));
    }
  }
  addMaintenanceRequests(data, nowMs, pick);
  return data;
}

type Unit = { id: string; rent_cents: number };

/** Returns a past lease, a current lease, and for some units a future lease. Every fourth unit is vacant. */
function leasesOf(unit: Unit, floor: number, nowMs: number, pick: Pick): Row[] {
  const terms = [
    [-730, -366],
    ...(floor % 4 === 3 ? [] : [[-365, floor === 0 ? 40 : 300]]),
    ...(floor === 0 ? [[41, 405]] : []),
  ];
  return terms.map(([from = 0, to = 0], index) => {
    const [first, last] = [pick(firstNames), pick(lastNames)];
    const at = nowMs + Math.min(from, -index) * dayMs;
    return {
      id: uuidv7(at),
      unit_id: unit.id,
      tenant_name: `${first} ${last}`,
      tenant_email: `${first}.${last}@example.org`.toLowerCase(),
      starts_on: dayOf(nowMs + from * dayMs),
      ends_on: dayOf(nowMs + to * dayMs),
      rent_cents: unit.rent_cents - (terms.length - index) * 2500,
      currency: "EUR",
      created_at: new Date(at),
    };
  });
}

/** Adds maintenance requests in every status, each with the events that led to it, in chronological order. */
function addMaintenanceRequests(data: DemoData, nowMs: number, pick: Pick): void {
  const histories = Array.from({ length: 24 }, (_, index) => {
    const problem = problems[index % problems.length] ?? problems[0];
    const beganMs = nowMs - (72 - index * 3) * dayMs + index * 47 * 60_000;
    const changes = Math.floor((23 - index) / 4);
    return historyOf({ unitId: pick(data.units)["id"], problem, beganMs, changes, nowMs });
  });
  data.requests.push(...histories.map(({ row }) => row));
  data.events.push(...histories.flatMap(({ events }) => events).sort(byTime));
}

const byTime = (a: { created_at: Date }, b: { created_at: Date }) => a.created_at.getTime() - b.created_at.getTime();
