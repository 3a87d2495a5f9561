import { type Html, html, nothing } from "../../core/page/html.ts";
import type { JsonSchema } from "../document/types.ts";
import { prose } from "./prose.ts";
import { typeWords } from "./type-words.ts";

export type Resolve = (schema: JsonSchema) => JsonSchema;

/** Marked is what is not a matter of course: in what one sends the required fields, in an answer the optional ones. */
type Reading = { resolve: Resolve; marks: "required" | "optional" };

/** Deep enough for everything that is served, and an end for what refers to itself. */
const deepest = 6;

/** What is said of the whole, and its fields. */
export function renderSchema(schema: JsonSchema, reading: Reading): Html {
  return html`${renderWords(schema, reading.resolve)}${renderFields(schema, reading)}`;
}

/** The fields of an object, with those of the objects in them. */
function renderFields(schema: JsonSchema, reading: Reading, depth = 0): Html {
  const { properties = {}, required = [] } = withFields(schema, reading.resolve);
  const fields = Object.entries(properties);
  if (fields.length === 0 || depth === deepest) return nothing;
  return html`
    <ul class="fields">
      ${fields.map(([name, field]) => renderField(name, required.includes(name), field, reading, depth))}
    </ul>`;
}

function renderField(name: string, required: boolean, field: JsonSchema, reading: Reading, depth: number): Html {
  const { resolve, marks } = reading;
  const schema = resolve(field);
  const { items } = schema;
  const fallback = schema.default === undefined ? "" : `, \`${JSON.stringify(schema.default)}\` unless given`;
  const words = items === undefined ? schema : { ...schema, items: resolve(items) };
  return html`
    <li>
      <code class="name">${name}</code> <span class="type">${prose(typeWords(words) + fallback)}</span>
      ${required === (marks === "required") ? html` <span class="must">${marks}</span>` : nothing}
      ${renderWords(field, resolve)}
      ${renderExample(speaking("examples", field, resolve)[0]?.examples)}
      ${renderFields(schema, reading, depth + 1)}
    </li>`;
}

function renderWords(schema: JsonSchema, resolve: Resolve): Html[] {
  return speaking("description", schema, resolve).map(({ description = "" }) => html`<p>${prose(description)}</p>`);
}

/** The schema, if it has something to say, or else what it may hold: the choices, the items, the entries. */
function speaking(of: "description" | "examples", schema: JsonSchema, resolve: Resolve): JsonSchema[] {
  const { anyOf = [], items = {}, additionalProperties: entries, ...whole } = resolve(schema);
  if (whole[of] !== undefined) return [whole];
  const held = [...anyOf, items, typeof entries === "object" ? entries : {}];
  return held.filter((one) => Object.keys(one).length > 0).flatMap((one) => speaking(of, one, resolve));
}

function renderExample(examples: readonly unknown[] = []): Html {
  const [example] = examples;
  if (example === undefined || typeof example === "object") return nothing;
  return html` <span class="eg">e.g. <code>${String(example)}</code></span>`;
}

/** Behind lists, choices and maps: where the fields are. */
function withFields(schema: JsonSchema, resolve: Resolve): JsonSchema {
  const { properties, items, anyOf, additionalProperties, ...rest } = resolve(schema);
  if (properties !== undefined) return { properties, ...rest };
  if (items !== undefined) return withFields(items, resolve);
  const [first] = anyOf ?? [];
  if (first !== undefined) return withFields(first, resolve);
  return typeof additionalProperties === "object" ? withFields(additionalProperties, resolve) : {};
}
