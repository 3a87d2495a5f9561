import { z } from "zod";
import type { JsonSchema } from "./types.ts";

/** What is sent is described as it may come in; what is answered, as it goes out. */
type Direction = "input" | "output";

/** Turns the schemas that validate into JSON Schema; those with an id are described once and referred to. */
export function createSchemas() {
  const named: Record<string, JsonSchema> = {};
  // The same parameters and answers stand on many calls.
  const done = { input: new Map<z.ZodType, JsonSchema>(), output: new Map<z.ZodType, JsonSchema>() };

  return {
    named: named as Readonly<Record<string, JsonSchema>>,
    of(schema: z.ZodType, io: Direction): JsonSchema {
      const known = done[io].get(schema) ?? convert(schema, io);
      done[io].set(schema, known);
      return known;
    },
    resolve: (schema: JsonSchema): JsonSchema => resolved(schema, named),
  };

  function convert(schema: z.ZodType, io: Direction): JsonSchema {
    const converted = z.toJSONSchema(schema, { io, override: (context) => tidy(context, io) });
    const { $schema: _, $defs = {}, ...root } = converted;
    for (const [name, definition] of Object.entries($defs)) add(name, asComponent(definition));
    return asComponent(root);
  }

  function add(name: string, definition: JsonSchema): void {
    const known = named[name];
    if (known !== undefined && JSON.stringify(known) !== JSON.stringify(definition))
      throw new Error(`Two schemas have the id ${name}.`);
    named[name] = definition;
  }
}

export type Schemas = ReturnType<typeof createSchemas>;

const place = "#/components/schemas/";

export function resolved(schema: JsonSchema, named: Readonly<Record<string, JsonSchema>>): JsonSchema {
  if (schema.$ref === undefined) return schema;
  const { $ref, ...more } = schema;
  return { ...named[$ref.slice(place.length)], ...more };
}

const asComponent = (schema: object): JsonSchema =>
  JSON.parse(JSON.stringify(schema), (key, value) =>
    key === "$ref" ? String(value).replace("#/$defs/", place) : value,
  );

type Overridden = {
  zodSchema: z.core.$ZodTypes;
  jsonSchema: z.core.JSONSchema.BaseSchema;
};

/** Leaves out what a reader of the document knows anyway, and says what zod keeps to itself. */
function tidy({ zodSchema, jsonSchema }: Overridden, io: Direction): void {
  const { def } = zodSchema._zod;
  // A text that is trimmed or lowered first and then held against a form: the form is what the sender wants to know.
  if (io === "input" && def.type === "pipe" && jsonSchema.type === "string") {
    const { $schema: _, ...form } = z.toJSONSchema(def.out, { unrepresentable: "any" });
    if (form.type === "string") Object.assign(jsonSchema, { ...form, ...jsonSchema });
  }
  // A format says what its pattern checks; a pattern that narrows the format stays.
  const isOfFormat = "pattern" in def && def.pattern instanceof RegExp && def.pattern.source === jsonSchema.pattern;
  if (jsonSchema.format !== undefined && isOfFormat) delete jsonSchema.pattern;
  if (jsonSchema.maximum === Number.MAX_SAFE_INTEGER) delete jsonSchema.maximum;
  if (jsonSchema.minimum === Number.MIN_SAFE_INTEGER) delete jsonSchema.minimum;
  if ("example" in jsonSchema) {
    jsonSchema.examples = [jsonSchema["example"]];
    delete jsonSchema["example"];
  }
}
