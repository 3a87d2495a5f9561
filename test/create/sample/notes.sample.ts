import assert from "node:assert/strict";
import { before, test } from "node:test";
import { type Answer, ask, postJson } from "../../shared/requests/http.ts";
import { bearer, register, type SignedIn } from "../../shared/requests/people.ts";
import { type Haven, startHaven } from "../../support/haven.ts";

type Note = { id: string; title: string; text: string };

const coffee = { title: "Order coffee", text: "Two bags, whole beans." };
let haven: Haven;
let owner: SignedIn;
let stranger: SignedIn;

before(async () => {
  haven = await startHaven({ env: { AUTH_RATE_LIMIT: "0" } });
  owner = await register(haven.url);
  stranger = await register(haven.url);
});

const call = (method: string, path: string, { person = owner, body, headers = {} }: Call = {}): Promise<Answer> =>
  ask(`${haven.url}/api/v1/notes${path}`, {
    method,
    headers: { ...bearer(person), ...(body && { "content-type": "application/json" }), ...headers },
    ...(body && { body: JSON.stringify(body) }),
  });
type Call = { person?: SignedIn; body?: Record<string, unknown>; headers?: Record<string, string> };

async function create(fields: Record<string, unknown> = coffee): Promise<Note> {
  const answer = await call("POST", "", { body: fields });
  assert.equal(answer.status, 201, answer.text);
  return answer.json() as Note;
}

test("a note is created, read, updated and deleted", async () => {
  const made = await postJson(`${haven.url}/api/v1/notes`, coffee, bearer(owner));
  const note = made.json() as Note;
  assert.deepEqual([made.status, made.headers.location], [201, `/api/v1/notes/${note.id}`]);
  const read = await call("GET", `/${note.id}`);
  assert.deepEqual([read.json(), read.headers.etag], [note, made.headers.etag]);
  const changed = await call("PATCH", `/${note.id}`, { body: { text: "Three bags." } });
  assert.partialDeepStrictEqual(changed.json(), { title: coffee.title, text: "Three bags." });
  assert.equal((await call("DELETE", `/${note.id}`)).status, 204);
  assert.equal((await call("GET", `/${note.id}`)).status, 404);
});

test("a request for the note of another user returns 404", async () => {
  const { id } = await create();
  for (const [method, body] of [["GET"], ["PATCH", { text: "" }], ["DELETE"]] as const) {
    assert.equal((await call(method, `/${id}`, { person: stranger, ...(body && { body }) })).status, 404, method);
  }
  assert.deepEqual((await call("GET", "", { person: stranger })).json(), { items: [], nextCursor: null });
  assert.equal((await call("GET", `/${id}`)).status, 200);
});

test("an update with the ETag of an older version is refused", async () => {
  const { id } = await create();
  const etag = String((await call("GET", `/${id}`)).headers.etag);
  const change = (title: string) => call("PATCH", `/${id}`, { body: { title }, headers: { "if-match": etag } });
  assert.equal((await change("Order tea")).status, 200);
  assert.equal((await change("Order milk")).status, 412);
});

test("a repeated create with the same Idempotency-Key creates one note", async () => {
  const headers = { "idempotency-key": "order-coffee-once" };
  const [first, second] = [
    await call("POST", "", { body: coffee, headers }),
    await call("POST", "", { body: coffee, headers }),
  ];
  assert.deepEqual([second.status, second.json()], [first.status, first.json()]);
  assert.equal((await call("POST", "", { body: { ...coffee, text: "" }, headers })).status, 422);
});

test("the list of notes has pages, newest first, and a search", async () => {
  const person = await register(haven.url);
  for (const title of ["One", "Two", "Three"]) await call("POST", "", { person, body: { title, text: "" } });
  const titles = (answer: Answer) => (answer.json() as { items: Note[] }).items.map(({ title }) => title);
  const first = await call("GET", "?limit=2", { person });
  assert.deepEqual(titles(first), ["Three", "Two"]);
  const { nextCursor } = first.json() as { nextCursor: string };
  assert.deepEqual(titles(await call("GET", `?limit=2&cursor=${nextCursor}`, { person })), ["One"]);
  assert.deepEqual(titles(await call("GET", "?q=tw", { person })), ["Two"]);
});

test("unknown and missing fields are refused, and the problem names them", async () => {
  const answer = await call("POST", "", { body: { title: "", colour: "red" } });
  assert.equal(answer.status, 400);
  for (const path of ["title", "text", "colour"]) assert.match(answer.text, new RegExp(`"path":"${path}"`));
});
