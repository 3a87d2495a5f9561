import assert from "node:assert/strict";
import { before, test } from "node:test";
import { register } from "../shared/requests/people.ts";
import {
  aLease,
  aProperty,
  aRequest,
  as,
  aUnit,
  createHome,
  day,
  type Person,
  type Resource,
} from "../support/fixtures/property-fixtures.ts";
import { type Haven, startHaven } from "../support/haven.ts";

let haven: Haven;
let owner: Person;
let stranger: Person;

before(async () => {
  haven = await startHaven({ env: { AUTH_RATE_LIMIT: "0" } });
  owner = as(haven.url, await register(haven.url));
  stranger = as(haven.url, await register(haven.url));
});

const statusOf = async (unit: Resource) => ((await owner.get(`/units/${unit.id}`)).json() as Resource)["status"];

test("a property is created, read, updated and deleted", async () => {
  const created = await owner.post("/properties", aProperty);
  assert.equal(created.status, 201);
  const property = created.json() as Resource;
  assert.equal(created.headers.location, `/api/v1/properties/${property.id}`);
  assert.partialDeepStrictEqual(property, aProperty);
  assert.match(property.id, /^[0-9a-f]{8}-[0-9a-f]{4}-7/);

  const read = await owner.get(`/properties/${property.id}`);
  assert.deepEqual(read.json(), property);
  assert.equal(read.headers.etag, created.headers.etag);

  const changed = await owner.patch(`/properties/${property.id}`, { name: "Harbour View" });
  assert.equal(changed.status, 200);
  assert.deepEqual((changed.json() as Resource)["address"], aProperty.address);
  assert.equal((changed.json() as Resource)["name"], "Harbour View");
  assert.equal((await owner.remove(`/properties/${property.id}`)).status, 204);
  assert.equal((await owner.get(`/properties/${property.id}`)).status, 404);
});

test("a deletion of a resource in use gets 409 with the reason", async () => {
  const { property, unit } = await createHome(owner);
  const request = await owner.make(`/units/${unit.id}/maintenance-requests`, aRequest);
  const refused = [await owner.remove(`/properties/${property.id}`), await owner.remove(`/units/${unit.id}`)];
  assert.deepEqual(
    refused.map(({ status }) => status),
    [409, 409],
  );
  assert.match(refused[0]?.text ?? "", /has units or photos/);
  for (const path of [`/maintenance-requests/${request.id}`, `/units/${unit.id}`, `/properties/${property.id}`]) {
    assert.equal((await owner.remove(path)).status, 204, path);
  }
});

test("a read with the current ETag gets 304, and an update or deletion with an outdated ETag gets 412", async () => {
  const { unit } = await createHome(owner);
  const path = `/units/${unit.id}`;
  const etag = String((await owner.get(path)).headers.etag);
  const unchanged = await owner.get(path, { "if-none-match": etag });
  assert.deepEqual([unchanged.status, unchanged.text], [304, ""]);
  assert.equal((await owner.patch(path, { label: "3C" }, { "if-match": `"other", W/${etag}` })).status, 200);
  assert.equal((await owner.get(path, { "if-none-match": etag })).status, 200);

  const stale = [
    await owner.patch(path, { label: "4D" }, { "if-match": etag }),
    await owner.remove(path, { "if-match": etag }),
  ];
  assert.deepEqual(
    stale.map(({ status }) => status),
    [412, 412],
  );
  assert.equal(((await owner.get(path)).json() as Resource)["label"], "3C");
  assert.equal((await owner.remove(path, { "if-match": "*" })).status, 204);
});

test("of many concurrent updates with the same If-Match exactly one succeeds", async () => {
  const property = await owner.make("/properties", aProperty);
  const path = `/properties/${property.id}`;
  const etag = String((await owner.get(path)).headers.etag);
  const answers = await Promise.all(
    Array.from({ length: 20 }, (_, i) => owner.patch(path, { name: `Name ${i}` }, { "if-match": etag })),
  );
  assert.equal(answers.filter(({ status }) => status === 200).length, 1);
  assert.equal(answers.filter(({ status }) => status === 412).length, 19);
});

test("two units of a property cannot have the same label", async () => {
  const { property, unit } = await createHome(owner);
  const second = await owner.post(`/properties/${property.id}/units`, aUnit);
  assert.equal(second.status, 409);
  const other = await owner.make(`/properties/${property.id}/units`, { ...aUnit, label: "2C" });
  assert.equal((await owner.patch(`/units/${other.id}`, { label: unit["label"] })).status, 409);
});

test("a user who adds a unit to the property of another owner gets 404, whether the label is taken or free", async () => {
  const { property, unit } = await createHome(owner);
  for (const label of [unit["label"], "a free label"]) {
    const answer = await stranger.post(`/properties/${property.id}/units`, { ...aUnit, label });
    assert.equal(answer.status, 404, answer.text);
  }
});

test("of 20 concurrent creates of overlapping leases, exactly one succeeds", async () => {
  const { unit } = await createHome(owner);
  const answers = await Promise.all(
    Array.from({ length: 20 }, (_, i) =>
      owner.post(`/units/${unit.id}/leases`, { ...aLease, startsOn: `2031-01-${String(i + 1).padStart(2, "0")}` }),
    ),
  );
  assert.deepEqual(answers.map(({ status }) => status).sort(), [201, ...Array.from({ length: 19 }, () => 409)]);
  assert.match(answers.find(({ status }) => status === 409)?.text ?? "", /already has a lease in that period/);
});

test("the last day belongs to a lease, and the next lease can start on the following day", async () => {
  const { unit } = await createHome(owner);
  const first = await owner.make(`/units/${unit.id}/leases`, {
    ...aLease,
    startsOn: "2032-01-01",
    endsOn: "2032-06-30",
  });
  const sign = (startsOn: string, endsOn: string) =>
    owner.post(`/units/${unit.id}/leases`, { ...aLease, startsOn, endsOn });
  assert.equal((await sign("2032-06-30", "2032-12-31")).status, 409);
  assert.equal((await sign("2032-07-01", "2032-12-31")).status, 201);
  assert.equal((await owner.patch(`/leases/${first.id}`, { endsOn: "2032-07-01" })).status, 409);
  const endBeforeStart = await owner.patch(`/leases/${first.id}`, { endsOn: "2031-07-01" });
  assert.equal(endBeforeStart.status, 400);
  assert.deepEqual((endBeforeStart.json() as { errors: unknown }).errors, [
    { path: "endsOn", message: "must not be before startsOn" },
  ]);
  assert.equal((await sign("2033-02-30", "2033-12-31")).status, 400);
});

test("a unit's status follows its leases", async () => {
  const { unit } = await createHome(owner);
  assert.equal(await statusOf(unit), "vacant");
  const lease = await owner.make(`/units/${unit.id}/leases`, { ...aLease, startsOn: day(-10), endsOn: day(0) });
  assert.equal(lease["status"], "active");
  assert.equal(await statusOf(unit), "occupied");
  assert.equal((await owner.patch(`/units/${unit.id}`, { status: "vacant" })).status, 409);
  assert.equal((await owner.patch(`/units/${unit.id}`, { status: "occupied" })).status, 400);

  await owner.patch(`/leases/${lease.id}`, { endsOn: day(-1) });
  assert.equal(((await owner.get(`/leases/${lease.id}`)).json() as Resource)["status"], "ended");
  assert.equal(await statusOf(unit), "vacant");

  await owner.patch(`/units/${unit.id}`, { status: "unavailable" });
  assert.equal(await statusOf(unit), "unavailable");
  await owner.patch(`/units/${unit.id}`, { rentCents: 1 });
  assert.equal(await statusOf(unit), "unavailable");
  assert.equal((await owner.post(`/units/${unit.id}/leases`, aLease)).status, 409);
});

test("the dates of a lease of an unavailable unit cannot be moved or extended, but the lease can end early", async () => {
  const { unit } = await createHome(owner);
  const terms = { ...aLease, startsOn: "2090-01-01", endsOn: "2090-12-31" };
  const lease = await owner.make(`/units/${unit.id}/leases`, terms);
  await owner.patch(`/units/${unit.id}`, { status: "unavailable" });
  assert.equal((await owner.patch(`/leases/${lease.id}`, { startsOn: day(0) })).status, 409);
  assert.equal((await owner.patch(`/leases/${lease.id}`, { endsOn: "2091-01-31" })).status, 409);
  assert.equal(
    (await owner.patch(`/leases/${lease.id}`, { endsOn: "2090-06-30", tenantName: "Rui Costa" })).status,
    200,
  );
  assert.equal(await statusOf(unit), "unavailable");
});

test("if two requests give two leases the same days at once, one succeeds and one gets 409, without a deadlock", async () => {
  const { unit } = await createHome(owner);
  const sign = (year: number) =>
    owner.make(`/units/${unit.id}/leases`, { ...aLease, startsOn: `${year}-01-01`, endsOn: `${year}-01-31` });
  const [one, two] = [await sign(2040), await sign(2041)];
  for (let round = 0; round < 150; round += 1) {
    const year = 2050 + round;
    const days = { startsOn: `${year}-01-01`, endsOn: `${year}-01-31` };
    const answers = await Promise.all([
      owner.patch(`/leases/${one.id}`, days),
      round % 2 === 0
        ? owner.patch(`/leases/${two.id}`, days)
        : owner.post(`/units/${unit.id}/leases`, { ...aLease, ...days }),
    ]);
    const statuses = answers.map(({ status }) => status);
    assert.ok(statuses.includes(409) && statuses.some((status) => status < 300), `${round}: ${statuses}`);
    assert.ok(Math.max(...answers.map(({ ms }) => ms)) < 900, "Postgres had to resolve a deadlock");
  }
});

type Problem = { errors?: { path: string }[] };

test("texts with invisible characters, unknown countries and invalid numbers of bathrooms get an error with the name of the field", async () => {
  const { property } = await createHome(owner);
  const { address } = aProperty;
  const faultsOf = async (path: string, value: unknown) => [
    ...new Set(((await owner.post(path, value)).json() as Problem).errors?.map((fault) => fault.path)),
  ];
  for (const name of ["\u001b[31mred", "a\nb", "\u202egnp.exe", "\u200b\u200d", "\u00a0"])
    assert.deepEqual(await faultsOf("/properties", { ...aProperty, name }), ["name"], JSON.stringify(name));
  for (const country of ["ß", "ZZ", "QQ", "PRT", "1A"])
    assert.deepEqual(
      await faultsOf("/properties", { ...aProperty, address: { ...address, country } }),
      ["address.country"],
      country,
    );
  for (const bathrooms of [1e-20, 0.3, -0.5])
    assert.deepEqual(await faultsOf(`/properties/${property.id}/units`, { ...aUnit, bathrooms }), ["bathrooms"]);
  assert.equal((await owner.post("/properties", { ...aProperty, address: { ...address, country: "pt" } })).status, 201);
});

test("a search finds a text that was written in another Unicode form", async () => {
  await owner.make("/properties", { ...aProperty, name: "E\u0301tage" });
  const { items } = (await owner.get(`/properties?q=${encodeURIComponent("étage")}`)).json() as { items: unknown[] };
  assert.equal(items.length, 1);
});

test("responses with private data are not stored by shared caches", async () => {
  const { unit } = await createHome(owner);
  for (const path of ["/properties", `/units/${unit.id}`, `/units/${unit.id}/leases`, "/auth/me"])
    assert.match((await owner.get(path)).headers["cache-control"] ?? "", /^(private, no-cache|no-store)$/, path);
  assert.equal((await owner.post("/properties", aProperty)).headers["cache-control"], "private, no-cache");
});

test("a maintenance request accepts the documented changes of its status, and no others", async () => {
  const { unit } = await createHome(owner);
  const allowedChanges: Record<string, string[]> = {
    open: ["in_progress"],
    in_progress: ["resolved", "open"],
    resolved: ["closed", "open"],
    closed: ["open"],
  };
  const stepsTo: Record<string, string[]> = {
    open: [],
    in_progress: ["in_progress"],
    resolved: ["in_progress", "resolved"],
    closed: ["in_progress", "resolved", "closed"],
  };
  for (const [from, allowed] of Object.entries(allowedChanges)) {
    for (const to of Object.keys(allowedChanges).filter((status) => status !== from)) {
      const { id } = await owner.make(`/units/${unit.id}/maintenance-requests`, aRequest);
      for (const status of stepsTo[from] ?? []) await owner.patch(`/maintenance-requests/${id}`, { status });
      const change = await owner.patch(`/maintenance-requests/${id}`, { status: to });
      assert.equal(change.status, allowed.includes(to) ? 200 : 409, `${from} to ${to}: ${change.text}`);
    }
  }
});

test("the events of a maintenance request are in order of time, also with many concurrent writers", async () => {
  const { unit } = await createHome(owner);
  const { id } = await owner.make(`/units/${unit.id}/maintenance-requests`, aRequest);
  const path = `/maintenance-requests/${id}`;
  await Promise.all(Array.from({ length: 40 }, (_, i) => owner.patch(path, { title: `Title ${i}` })));
  const { items } = (await owner.get(`${path}/events?limit=100`)).json() as {
    items: { at: string; data: { request: { title: string }; changes?: { title: { from: string } } } }[];
  };
  const oldestFirst = items.reverse();
  assert.equal(oldestFirst.length, 41);
  for (const [index, { at, data }] of oldestFirst.entries()) {
    const before = oldestFirst[index - 1];
    if (before === undefined) continue;
    assert.ok(at >= before.at, `${at} after ${before.at}`);
    assert.equal(data.changes?.title.from, before.data.request.title);
  }
});

test("each change and each note of a maintenance request adds an event", async () => {
  const { unit } = await createHome(owner);
  const request = await owner.make(`/units/${unit.id}/maintenance-requests`, aRequest);
  const path = `/maintenance-requests/${request.id}`;
  await owner.patch(path, { priority: "emergency" });
  await owner.patch(path, { status: "in_progress", title: "Kitchen floods" });
  const same = await owner.patch(path, { status: "in_progress" });
  assert.equal(same.status, 200);
  await owner.make(`${path}/events`, { note: "Water is off." });
  const { items } = (await owner.get(`${path}/events`)).json() as {
    items: { type: string; data: Record<string, unknown> }[];
  };
  assert.deepEqual(
    items.map(({ type }) => type),
    ["noted", "status_changed", "changed", "created"],
  );
  assert.equal(items[0]?.data["note"], "Water is off.");
  assert.deepEqual(items[1]?.data["changes"], {
    title: { from: "Kitchen tap drips", to: "Kitchen floods" },
    status: { from: "open", to: "in_progress" },
  });
});

test("lists are paginated and can be filtered, and a cursor is valid only for its list, its owner and its filters", async () => {
  const { property, unit } = await createHome(owner);
  for (let i = 0; i < 5; i += 1) {
    await owner.make(`/properties/${property.id}/units`, { ...aUnit, label: `Room ${i}%` });
  }
  const list = `/properties/${property.id}/units`;
  const read = async (query: string) =>
    (await owner.get(`${list}?${query}`)).json() as { items: Resource[]; nextCursor: string | null };

  const labels: unknown[] = [];
  let cursor: string | null = "";
  while (cursor !== null) {
    const page: { items: Resource[]; nextCursor: string | null } = await read(
      `limit=2${cursor === "" ? "" : `&cursor=${cursor}`}`,
    );
    labels.push(...page.items.map(({ label }) => label));
    cursor = page.nextCursor;
  }
  assert.deepEqual(labels, ["Room 4%", "Room 3%", "Room 2%", "Room 1%", "Room 0%", "2B"]);
  assert.equal((await read("q=room")).items.length, 5);
  assert.equal((await read("q=3%25")).items.length, 1);
  assert.equal((await read("status=occupied")).items.length, 0);

  const { nextCursor } = await read("limit=2");
  const refused = await Promise.all(
    [
      `${list}?cursor=${nextCursor}&status=vacant`,
      `${list}?cursor=${nextCursor}x`,
      `${list}?cursor=${String(nextCursor).replace(/^./, (c) => (c === "A" ? "B" : "A"))}`,
      `${list}?cursor=`,
      `/units/${unit.id}/leases?cursor=${nextCursor}`,
      `${list}?limit=0`,
      `${list}?limit=101`,
      `${list}?limit=1e1`,
      `${list}?sort=label`,
      `${list}?limit=2&limit=3`,
    ].map((path) => owner.get(path)),
  );
  assert.deepEqual(
    refused.map(({ status }) => status),
    refused.map(() => 400),
  );
  const otherProperty = await stranger.make("/properties", aProperty);
  assert.equal((await stranger.get(`/properties/${otherProperty.id}/units?cursor=${nextCursor}`)).status, 400);
});

test("a list without items is empty, and a list of a missing parent gets 404", async () => {
  const { property, unit } = await createHome(owner);
  assert.deepEqual((await stranger.get("/maintenance-requests")).json(), { items: [], nextCursor: null });
  const empty = await owner.get(`/units/${unit.id}/leases`);
  assert.deepEqual(empty.json(), { items: [], nextCursor: null });
  for (const path of [`/properties/${property.id}/units`, `/units/${unit.id}/leases`]) {
    assert.equal((await stranger.get(path)).status, 404);
  }
  assert.equal((await owner.get(`/properties/${unit.id}/units`)).status, 404);
});
