import assert from "node:assert/strict";
import { globSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { before, test } from "node:test";
import { atEnd } from "../shared/at-end.ts";
import { pagesFolder, typedoc, writeApiPages } from "./support/api-pages.ts";

type Comment = { summary?: { text: string }[]; blockTags?: { tag: string }[] };

/** A declaration as TypeDoc describes it: a module, an export, a member, a signature or a type. */
type Reflection = {
  name: string;
  kind: number;
  comment?: Comment;
  children?: Reflection[];
  signatures?: Reflection[];
  type?: TypeOf;
  inheritedFrom?: unknown;
};
type TypeOf = { type: string; declaration?: Reflection; types?: TypeOf[] };

const kindOfConstructor = 512;
const options = typedoc.skipIfMissing();
const folder = mkdtempSync(join(tmpdir(), "haven-api-pages-"));
atEnd(() => rmSync(folder, { recursive: true, force: true }));
let modules: readonly Reflection[] = [];
before(async () => {
  if (options.skip === false) modules = ((await writeApiPages(folder)) as Reflection).children ?? [];
});

test("the pages in docs/kit are up to date with the doc comments (npm run kit-pages)", options, () => {
  const pages = (at: string) =>
    Object.fromEntries(globSync("**/*.md", { cwd: at }).map((file) => [file, readFileSync(join(at, file), "utf8")]));
  assert.deepEqual(pages(pagesFolder), pages(folder));
});

const commentsOf = ({ comment, signatures = [], type }: Reflection): Comment[] =>
  [
    comment,
    ...signatures.map((signature) => signature.comment),
    ...signaturesOf(type).map((one) => one.comment),
  ].filter((one) => one !== undefined);
const signaturesOf = (type: TypeOf | undefined): Reflection[] => type?.declaration?.signatures ?? [];
const isDescribed = (one: Reflection): boolean =>
  commentsOf(one).some(({ summary = [] }) => summary.some(({ text }) => text.trim() !== ""));
const hasExample = (one: Reflection): boolean =>
  commentsOf(one).some(({ blockTags = [] }) => blockTags.some(({ tag }) => tag === "@example"));

/** The members of an object type, of each part of a union or an intersection, and of a class or an interface. */
function membersOf({ children = [], type }: Reflection): Reflection[] {
  const ofType = (one: TypeOf | undefined): Reflection[] =>
    one === undefined ? [] : [...(one.declaration?.children ?? []), ...(one.types ?? []).flatMap(ofType)];
  return [...children, ...ofType(type)].filter(
    ({ kind, inheritedFrom, name }) => kind !== kindOfConstructor && !(name === "name" && inheritedFrom !== undefined),
  );
}

test("every export of the kit has a description and an example", options, () => {
  const exports = modules.flatMap((module) => (module.children ?? []).map((one) => ({ module: module.name, one })));
  assert.ok(exports.length >= 60, `${exports.length} exports`);
  const missing = exports
    .filter(({ one }) => !isDescribed(one) || !hasExample(one))
    .map(({ module, one }) => `${module}: ${one.name}`);
  assert.deepEqual(missing, []);
});

/** Members that need no description, because their names are clear. */
const selfExplanatory = new Set(["AppError.name", "CheckFailed.name", "Observation.ok"]);

test("every member of an export has a description", options, () => {
  const members = modules.flatMap(({ children = [] }) =>
    children.flatMap((owner) => membersOf(owner).map((member) => ({ title: `${owner.name}.${member.name}`, member }))),
  );
  assert.ok(members.length >= 150, `${members.length} members`);
  const missing = members.filter(({ title, member }) => !isDescribed(member) && !selfExplanatory.has(title));
  assert.deepEqual(
    missing.map(({ title }) => title),
    [],
  );
});

test("every function of the kit object has an example", options, () => {
  const health = modules.flatMap(({ children = [] }) => children).find(({ name }) => name === "Health");
  const functions = (health?.children ?? []).filter(
    (one) => one.signatures !== undefined || signaturesOf(one.type).length > 0,
  );
  assert.ok(functions.length >= 10, `${functions.length} functions`);
  assert.deepEqual(
    functions.filter((one) => !hasExample(one)).map(({ name }) => name),
    [],
  );
});
