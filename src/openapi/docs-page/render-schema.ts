import { type Html, html, nothing } from "../../core/page/html.ts";
import type { JsonSchema } from "../document/openapi-types.ts";
import { describeDefault, describeType } from "./describe-type.ts";
import { prose } from "./formatting.ts";

export type Resolve = (schema: JsonSchema) => JsonSchema;

/** `marks` selects which fields are marked: required ones in requests, optional ones in responses. */
type RenderOptions = { resolve: Resolve; marks: "required" | "optional" };

/** Ends the recursion for schemas that refer to themselves. */
const maxDepth = 6;

/** Renders the description of a schema, and its fields. */
export function renderSchema(schema: JsonSchema, options: RenderOptions): Html {
  return html`${renderDescriptions(schema, options.resolve)}${renderFields(schema, options)}`;
}

/** Renders the fields of an object, including those of nested objects. */
function renderFields(schema: JsonSchema, options: RenderOptions, depth = 0): Html {
  const { properties = {}, required = [] } = withFields(schema, options.resolve);
  const fields = Object.entries(properties);
  if (fields.length === 0 || depth === maxDepth) return nothing;
  return html`
    <ul class="fields">
      ${fields.map(([name, field]) => renderField(name, required.includes(name), field, options, depth))}
    </ul>`;
}

function renderField(name: string, required: boolean, field: JsonSchema, options: RenderOptions, depth: number): Html {
  const { resolve, marks } = options;
  const schema = resolve(field);
  const { items } = schema;
  const described = items === undefined ? schema : { ...schema, items: resolve(items) };
  return html`
    <li>
      <code class="name">${name}</code> <span class="type">${prose(describeType(described) + describeDefault(schema))}</span>
      ${required === (marks === "required") ? html` <span class="must">${marks}</span>` : nothing}
      ${renderDescriptions(field, resolve)}
      ${renderExample(schemasAnnotatedWith("examples", field, resolve)[0]?.examples)}
      ${renderFields(schema, options, depth + 1)}
    </li>`;
}

function renderDescriptions(schema: JsonSchema, resolve: Resolve): Html[] {
  return schemasAnnotatedWith("description", schema, resolve).map(
    ({ description = "" }) => html`<p>${prose(description)}</p>`,
  );
}

/** Returns the schema itself if it has the annotation, otherwise the choices, items or entries that have it. */
function schemasAnnotatedWith(
  annotation: "description" | "examples",
  schema: JsonSchema,
  resolve: Resolve,
): JsonSchema[] {
  const { anyOf = [], oneOf = [], items = {}, additionalProperties: entries, ...whole } = resolve(schema);
  if (whole[annotation] !== undefined) return [whole];
  const nested = [...anyOf, ...oneOf, items, typeof entries === "object" ? entries : {}];
  return nested
    .filter((one) => Object.keys(one).length > 0)
    .flatMap((one) => schemasAnnotatedWith(annotation, one, resolve));
}

function renderExample(examples: readonly unknown[] = []): Html {
  const [example] = examples;
  if (example === undefined || typeof example === "object") return nothing;
  return html` <span class="eg">e.g. <code>${String(example)}</code></span>`;
}

/** Finds the object schema inside lists, choices and maps. */
function withFields(schema: JsonSchema, resolve: Resolve): JsonSchema {
  const { properties, items, anyOf, oneOf, additionalProperties, ...rest } = resolve(schema);
  if (properties !== undefined) return { properties, ...rest };
  if (items !== undefined) return withFields(items, resolve);
  if (oneOf !== undefined) return mergedVariants(oneOf.map(resolve), resolve);
  const [first] = anyOf ?? [];
  if (first !== undefined) return withFields(first, resolve);
  return typeof additionalProperties === "object" ? withFields(additionalProperties, resolve) : {};
}

/** Returns one object with the fields of all variants. A field is optional if at least one variant lacks it. */
function mergedVariants(variants: readonly JsonSchema[], resolve: Resolve): JsonSchema {
  const names = [...new Set(variants.flatMap(({ properties = {} }) => Object.keys(properties)))];
  const fields = names.map((name) => {
    const versions = variants.flatMap(({ properties = {} }) => properties[name] ?? []).map(resolve);
    return [name, mergedField(versions, resolve)] as const;
  });
  const required = names.filter((name) => variants.every((variant) => variant.required?.includes(name)));
  return { type: "object", properties: Object.fromEntries(fields), required };
}

function mergedField(versions: readonly JsonSchema[], resolve: Resolve): JsonSchema {
  const [first = {}] = versions;
  if (first.const !== undefined) return { enum: versions.map((version) => version.const) };
  return first.properties === undefined ? first : mergedVariants(versions, resolve);
}
