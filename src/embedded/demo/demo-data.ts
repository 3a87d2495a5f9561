import { uuidv7 } from "../../core/ids.ts";

type Row = Readonly<Record<string, unknown>>;

/** Rows with the columns of their tables, without the owner. */
export type DemoData = { properties: Row[]; units: Row[]; leases: Row[]; requests: Row[]; events: Row[] };

const dayMs = 86_400_000;

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

const firstNames = ["Ana", "Jonas", "Mireille", "Tomasz", "Ines", "Lukas", "Sofia", "Emeka", "Hanna", "Rui", "Noor"];
const lastNames = ["Duarte", "Vogel", "Peeters", "Nowak", "Ferrer", "Brandt", "Okafor", "Lindqvist", "Costa", "Haddad"];

const problems = [
  ["Kitchen tap drips", "A drop every two seconds, day and night.", "low"],
  ["No hot water", "Since this morning; the boiler shows error F28.", "high"],
  ["Window does not close", "The handle turns, but the frame stays open by a finger.", "normal"],
  ["Smell of gas in the hallway", "On the ground floor, near the meters. We have opened the windows.", "emergency"],
  ["Light in the stairwell is out", "Second floor. The bulb was changed, it is not the bulb.", "normal"],
  ["Washing machine drain is blocked", "Water comes up in the shower when it pumps.", "high"],
  ["Radiator stays cold", "Living room, also after bleeding it.", "normal"],
  ["Entrance door does not lock", "The lock turns through without catching.", "high"],
  ["Mould behind the wardrobe", "About a hand wide, in the corner to the outer wall.", "normal"],
  ["Doorbell is silent", "It worked until the painters came.", "low"],
  ["Water stain on the ceiling", "It grows when the neighbour above showers.", "high"],
  ["Shutter is stuck half-way", "Bedroom. The strap came off.", "low"],
] as const;

const statuses = ["open", "in_progress", "resolved", "closed"] as const;

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

type Pick = <T>(from: readonly T[]) => T;
type Unit = { id: string; rent_cents: number };

/** Returns a past lease, a current one and for some units a future one; every fourth unit is vacant. */
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

/** Maintenance requests in every status, each with the events that led to it, in chronological order. */
function addMaintenanceRequests(data: DemoData, nowMs: number, pick: Pick): void {
  const histories = Array.from({ length: 24 }, (_, index) => {
    const [title, description, priority] = problems[index % problems.length] ?? problems[0];
    const unit = pick(data.units);
    const beganMs = nowMs - (72 - index * 3) * dayMs + index * 47 * 60_000;
    const stage = Math.min(statuses.length - 1, Math.floor((23 - index) / 4));
    const id = uuidv7(beganMs);
    const at = (step: number) => new Date(Math.min(beganMs + step * 20 * 3_600_000, nowMs - (4 - step) * 60_000));
    const states = statuses.slice(0, stage + 1).map((status, step) => ({
      id,
      unitId: unit["id"],
      title,
      description,
      priority,
      status,
      createdAt: at(0),
      updatedAt: at(step),
    }));
    const events = states.map((request, step) => ({
      id: uuidv7(request.updatedAt.getTime()),
      request_id: id,
      unit_id: unit["id"],
      type: step === 0 ? "created" : "status_changed",
      data:
        step === 0 ? { request } : { request, changes: { status: { from: statuses[step - 1], to: request.status } } },
      created_at: request.updatedAt,
    }));
    const row = { id, unit_id: unit["id"], title, description, priority };
    const status = statuses[stage] ?? "open";
    return { row: { ...row, status, created_at: at(0), updated_at: at(stage) }, events };
  });
  data.requests.push(...histories.map(({ row }) => row));
  const events = histories.flatMap((history) => history.events);
  events.sort((a, b) => a.created_at.getTime() - b.created_at.getTime());
  data.events.push(...events.map((event, index) => ({ ...event, position: index + 1 })));
}

const dayOf = (ms: number): string => new Date(ms).toISOString().slice(0, 10);

const pickFrom =
  (next: () => number): Pick =>
  (from) => {
    const picked = from[Math.floor(next() * from.length)];
    if (picked === undefined) throw new Error("pick needs at least one value");
    return picked;
  };

/** Lehmer's generator, so that the demo data is the same on every machine. */
function nextNumber(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 48_271) % 2_147_483_647;
    return state / 2_147_483_647;
  };
}
