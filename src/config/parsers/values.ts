import { z } from "zod";
import { splitCommand } from "../command-words.ts";

// The messages of all parsers state what is expected, and never repeat the value, which may be a secret.

export const wholeNumber = (min: number, max: number, unit: string) =>
  z
    .string()
    .regex(/^\d{1,12}$/, `must be ${unit}`)
    .transform(Number)
    .pipe(z.number().min(min, `must be at least ${min}`).max(max, `must be at most ${max}`));

export const text = z.string();

export const milliseconds = (min: number) => wholeNumber(min, 3_600_000, "a whole number of milliseconds");

export const seconds = (min: number, max: number) => wholeNumber(min, max, "a whole number of seconds");

export const ratio = z
  .string()
  .regex(/^(?:0|1|0?\.\d{1,9}|1\.0{1,9})$/, "must be a number from 0 to 1")
  .transform(Number);

export const port = wholeNumber(0, 65_535, "a port (0 to 65535)");

export const identifier = z
  .string()
  .regex(/^[A-Za-z0-9._-]{1,128}$/, "must be 1 to 128 letters, digits, dots, underscores or hyphens");

export const oneOf = <const Values extends readonly [string, ...string[]]>(values: Values) =>
  z.enum(values, `must be one of ${values.join(", ")}`);

export const commandLine = z.string().transform((value, context): string[] => {
  const words = splitCommand(value);
  if (words === undefined || words.length === 0 || words[0] === "") {
    context.addIssue("must be a program and its arguments, with closed quotes; no shell is used");
    return z.NEVER;
  }
  return words;
});

/** Splits a list at its commas. */
export const entries = (value: string) =>
  value
    .split(",")
    .map((entry) => entry.trim())
    .filter((entry) => entry !== "");

export const secretList = z.string().transform(entries);
