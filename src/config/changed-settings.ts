import { z } from "zod";
import { isSettingName } from "./files/secret-files.ts";
import { variables } from "./variables.ts";

const masked = "(set)";

/**
 * Returns the settings that differ from their defaults, for operators. Only numbers, and words from a fixed list such as
 * `on` and `off`, are shown. Any other value may be a secret, a host or a user.
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
  const byDefault = schema.safeParse(undefined);
  const parsed = schema.safeParse(value);
  return byDefault.success && parsed.success && JSON.stringify(byDefault.data) === JSON.stringify(parsed.data);
}

/** Returns the allowed words of a setting that accepts only a fixed list of words, and otherwise an empty list. */
function wordsOf(schema: z.ZodType | undefined): readonly unknown[] {
  if (schema instanceof z.ZodEnum) return schema.options;
  if (schema instanceof z.ZodDefault || schema instanceof z.ZodOptional) {
    const inner = schema.unwrap();
    return inner instanceof z.ZodEnum ? inner.options : [];
  }
  return [];
}
