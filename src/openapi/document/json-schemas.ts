import { z } from "zod";
import type { JsonSchema } from "./openapi-types.ts";

/** A request is documented as it is before the transformations of its schema, a response as it is after them. */
type Direction = "input" | "output";

/** Converts zod schemas to JSON Schema. Schemas with an id become components and are referred to. */
export function createSchemas() {
  const named: Record<string, JsonSchema> = {};
  // Many operations share parameters and responses.
  const cache = { input: new Map<z.ZodType, JsonSchema>(), output: new Map<z.ZodType, JsonSchema>() };

  return {
    named: named as Readonly<Record<string, JsonSchema>>,
    toJsonSchema(schema: z.ZodType, io: Direction): JsonSchema {
      const jsonSchema = cache[io].get(schema) ?? convert(schema, io);
      cache[io].set(schema, jsonSchema);
      return jsonSchema;
    },
    /** Makes the schema a component, unless it already refers to one. Returns the reference. */
    nameOf(name: string, schema: JsonSchema): JsonSchema {
      if (schema.$ref !== undefined) return schema;
      add(name, schema);
      return { $ref: `${componentPrefix}${name}` };
    },
    resolve: (schema: JsonSchema): JsonSchema => resolveReference(schema, named),
  };

  function convert(schema: z.ZodType, io: Direction): JsonSchema {
    const converted = z.toJSONSchema(schema, {
      io,
      override: (context) => tidy(context, io, (out) => convert(out, "output")),
    });
    const { $schema: _, $defs = {}, ...root } = converted;
    for (const [name, definition] of Object.entries($defs)) add(name, asComponent(definition));
    return asComponent(root);
  }

  function add(name: string, definition: JsonSchema): void {
    const existing = named[name];
    if (existing !== undefined && JSON.stringify(existing) !== JSON.stringify(definition))
      throw new Error(`Two schemas have the id ${name}.`);
    named[name] = definition;
  }
}

export type Schemas = ReturnType<typeof createSchemas>;

const componentPrefix = "#/components/schemas/";

export function resolveReference(schema: JsonSchema, named: Readonly<Record<string, JsonSchema>>): JsonSchema {
  if (schema.$ref === undefined) return schema;
  const { $ref, ...more } = schema;
  return { ...named[$ref.slice(componentPrefix.length)], ...more };
}

const asComponent = (schema: object): JsonSchema =>
  JSON.parse(JSON.stringify(schema), (key, value) =>
    key === "$ref" ? String(value).replace("#/$defs/", componentPrefix) : value,
  );

type Overridden = {
  zodSchema: z.core.$ZodTypes;
  jsonSchema: z.core.JSONSchema.BaseSchema;
};

/** Removes redundant keywords and adds what zod's conversion omits. */
function tidy({ zodSchema, jsonSchema }: Overridden, io: Direction, convert: (schema: z.ZodType) => JsonSchema): void {
  const { def } = zodSchema._zod;
  // For a string that is transformed and then validated, clients need to know the format that is validated.
  if (io === "input" && def.type === "pipe" && def.out._zod.def.type !== "transform" && jsonSchema.type === "string") {
    const outputSchema = convert(def.out as z.ZodType);
    if (outputSchema.type === "string") Object.assign(jsonSchema, { ...outputSchema, ...jsonSchema });
    if (outputSchema.$ref !== undefined) {
      delete jsonSchema.type;
      Object.assign(jsonSchema, outputSchema);
    }
  }
  // The format implies its own pattern; another pattern narrows the format and stays.
  const isOfFormat = "pattern" in def && def.pattern instanceof RegExp && def.pattern.source === jsonSchema.pattern;
  if (jsonSchema.format !== undefined && isOfFormat) delete jsonSchema.pattern;
  // The next two keywords change nothing, because they state the default, but some generators turn them into `unknown`.
  if (isEmpty(jsonSchema.additionalProperties) && def.type === "object") delete jsonSchema.additionalProperties;
  if (def.type === "record" && def.keyType._zod.def.type === "string") delete jsonSchema.propertyNames;
  if (zodSchema instanceof z.ZodDiscriminatedUnion) jsonSchema["discriminator"] = discriminatorOf(zodSchema.def);
  if (jsonSchema.maximum === Number.MAX_SAFE_INTEGER) delete jsonSchema.maximum;
  if (jsonSchema.minimum === Number.MIN_SAFE_INTEGER) delete jsonSchema.minimum;
  if ("example" in jsonSchema) {
    jsonSchema.examples = [jsonSchema["example"]];
    delete jsonSchema["example"];
  }
}

/** Maps each value to its component. Without the mapping, client generators assume that a component has the name of its value. */
function discriminatorOf({ discriminator, options }: z.core.$ZodDiscriminatedUnionDef): JsonSchema["discriminator"] {
  const mapping = options.flatMap((option) => {
    const component = z.globalRegistry.get(option)?.id;
    const values = [...(option._zod.propValues?.[discriminator] ?? [])];
    return component === undefined ? [] : values.map((value) => [String(value), `${componentPrefix}${component}`]);
  });
  return { propertyName: discriminator, mapping: Object.fromEntries(mapping) };
}

const isEmpty = (schema: unknown): boolean =>
  typeof schema === "object" && schema !== null && Object.keys(schema).length === 0;
