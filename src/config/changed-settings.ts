import { z } from "zod";
import { isSettingName } from "./secret-files.ts";
import { variables } from "./variables.ts";

const masked = "(set)";

/**
 * Returns the settings that differ from their defaults, for operators. Only numbers and words of closed sets are shown:
 * any other value may be a secret, a host or a user.
 */
export function changedSettings(given: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  const changed: Record<string, string> = {};
  for (const [name, value] of Object.entries(given)) {
    if (!isSettingName(name)) continue;
    const schema = Object.hasOwn(variables.shape, name) ? schemas[name] : undefined;
    if (schema !== undefined && isDefault(schema, value)) continue;
    changed[name] = /^\d+(?:\.\d+)?$/.test(value) || wordsOf(schema).includes(value) ? value : masked;
  }
  return changed;
}

const schemas: Readonly<Record<string, z.ZodType>> = variables.shape;

function isDefault(schema: z.ZodType, value: string): boolean {
  const initial = schema.safeParse(undefined);
  const chosen = schema.safeParse(value);
  return initial.success && chosen.success && JSON.stringify(initial.data) === JSON.stringify(chosen.data);
}

/** Returns the values of a setting with a closed set of values, with or without a default; otherwise none. */
function wordsOf(schema: z.ZodType | undefined): readonly unknown[] {
  if (schema instanceof z.ZodEnum) return schema.options;
  if (schema instanceof z.ZodDefault || schema instanceof z.ZodOptional) {
    const inner = schema.unwrap();
    return inner instanceof z.ZodEnum ? inner.options : [];
  }
  return [];
}
