import { z } from "zod";
import { roles } from "../../core/role.ts";

export const id = z.uuid("must be a UUID").toLowerCase().meta({ example: "019d5a3e-8f00-7c3a-9d6e-2b1f5a7c9e01" });

/** Counts code points, as JSON Schema does. A code point has up to two UTF-16 units. */
const atMost = (maxLength: number) => (text: string) =>
  text.length <= maxLength || (text.length <= 2 * maxLength && [...text].length <= maxLength);

// Biome refuses control characters in regular expression literals.
const nul = "\\u0000";
const withoutNul = new RegExp(`^[^${nul}]*$`);

/** The meaning of each pattern in words, by the source text of the pattern. */
const meanings = new Map<string, string>([[withoutNul.source, "no NUL character"]]);
export const patternMeanings: ReadonlyMap<string, string> = meanings;

/** Creates the schema of a text that is stored unchanged. The length is checked first. */
export const exactText = ({ minLength = 0, maxLength }: { minLength?: number; maxLength: number }) =>
  z
    .string("must be a string")
    .refine(atMost(maxLength), { error: `must have at most ${maxLength} characters`, abort: true })
    .refine((text) => [...text].length >= minLength, {
      error: minLength > 1 ? `must have at least ${minLength} characters` : "is required",
      abort: true,
    })
    .regex(withoutNul, "must not contain a NUL character")
    .meta({ ...(minLength > 0 && { minLength }), maxLength });

/**
 * Checks the length first, then normalizes to NFC and trims. Normalization sorts combining marks in quadratic time, so
 * long runs of them are refused first; 30 is the bound of Unicode's stream-safe text format (UAX #15). NFC joins at
 * most four characters into one, so a text longer than four times the limit can be refused without normalizing it.
 * `allowed` is checked before the normalization, because the document shows its pattern for requests.
 */
const boundedText = (maxLength: number, allowed: { pattern: RegExp; error: string }) => {
  const tooLong = { error: `must have at most ${maxLength} characters`, abort: true };
  return z
    .string("must be a string")
    .refine((text) => text.length <= 4 * maxLength, tooLong)
    .refine((text) => !/\p{M}{31}/u.test(text), {
      error: "must not contain more than 30 combining marks in a row",
      abort: true,
    })
    .regex(allowed.pattern, { error: allowed.error, abort: true })
    .normalize("NFC")
    .refine(atMost(maxLength), tooLong)
    .trim()
    .meta({ maxLength });
};

// Ranges instead of `\p{…}`, which many tools for OpenAPI do not support.

/** `\p{Cc}` and the characters that change the text direction. */
const controls = "\\u0000-\\u001f\\u007f-\\u009f\\u202a-\\u202e\\u2066-\\u2069";
const controlsButBreaks = controls.replace("\\u001f", "\\u0008\\u000b\\u000c\\u000e-\\u001f");

/** The invisible characters of `\p{Z}` and `\p{Cf}`. */
const invisible =
  "\\u0020\\u00a0\\u00ad\\u061c\\u1680\\u180e\\u2000-\\u200f\\u2028\\u2029\\u202f\\u205f-\\u2064\\u206a-\\u206f\\u3000\\ufeff";

const linePattern = new RegExp(`^[${invisible}]*[^${controls}${invisible}][^${controls}]*$`);
meanings.set(linePattern.source, "no line breaks or control characters");

/** Creates the schema of a visible text without line breaks, control characters and changes of the text direction. */
export const singleLine = (maxLength: number, example: string) =>
  boundedText(maxLength, {
    pattern: linePattern,
    error: "must contain a visible character and no control characters",
  })
    .refine((text) => /[^\p{Cf}\p{Z}]/u.test(text), "must contain a visible character")
    .meta({ minLength: 1, example });

const prosePattern = new RegExp(`^[^${controlsButBreaks}]*$`);
meanings.set(prosePattern.source, "no control characters except line breaks");

/** Creates the schema of a text that, unlike `singleLine`, may contain line breaks. */
export const prose = (maxLength: number) =>
  boundedText(maxLength, {
    pattern: prosePattern,
    error: "must not contain control characters",
  });

export const search = boundedText(100, {
  pattern: new RegExp(`^[\\t-\\r${invisible}]*[^${nul}\\t-\\r${invisible}][^${nul}]*$`),
  error: "must contain a visible character",
})
  .optional()
  .meta({ minLength: 1, description: "Returns only items that contain this text; case is ignored" });

/** Below 2^31, so that clients with 32-bit integers can read every amount. */
const maxCents = 2_000_000_000;

export const cents = z
  .int("must be a whole number of cents")
  .min(0, "must be at least 0")
  .max(maxCents, `must be at most ${maxCents}`)
  .meta({ example: 145_000 });

export const currency = z
  .enum(Intl.supportedValuesOf("currency"), "must be a currency code of ISO 4217, such as EUR")
  .meta({ id: "Currency", description: "ISO 4217", example: "EUR" });

const regions = new Intl.DisplayNames("en", { type: "region", fallback: "none" });
const letters = [..."ABCDEFGHIJKLMNOPQRSTUVWXYZ"];
const countries = letters
  .flatMap((first) => letters.map((second) => `${first}${second}`))
  .filter((code) => code !== "ZZ" && regions.of(code) !== undefined);

export const country = z
  .string("must be a string")
  .max(20, { error: "must be a country code of two letters, such as PT", abort: true })
  .trim()
  .refine((code) => /^[A-Za-z]{2}$/.test(code), {
    error: "must be a country code of two letters, such as PT",
    abort: true,
  })
  .toUpperCase()
  .pipe(
    z
      .enum(countries, "must be a country code of ISO 3166, such as PT")
      .meta({ id: "Country", description: "ISO 3166-1 alpha-2", example: "PT" }),
  );

export const day = z.iso
  .date({ error: "must be a date such as 2026-04-30", abort: true })
  .refine((text) => text >= "1900-01-01" && text <= "2299-12-31", "must be between 1900 and 2299")
  .meta({
    description: "From 1900-01-01 to 2299-12-31",
    pattern: "^(?:19|2[0-2])[0-9]{2}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12][0-9]|3[01])$",
    example: "2026-05-01",
  });

export const role = z.enum(roles).meta({ id: "Role" });

export const moment = z.iso.datetime().meta({ example: "2026-04-30T09:30:00.000Z" });

/**
 * Creates the schema of a PATCH: each field is optional, but one must be present. The cast is safe because parsed JSON
 * never contains `undefined`.
 */
export const changesOf = <Shape extends z.ZodRawShape>(fields: z.ZodObject<Shape>) =>
  fields
    .partial()
    .refine((changes) => Object.keys(changes).length > 0, "must have at least one field")
    .meta({ minProperties: 1 }) as unknown as z.ZodType<Partial<z.output<z.ZodObject<Shape>>>>;

const maxLocalPart = 64;

/** A Dot-string (RFC 5321) at a domain name with at least two labels. */
const emailForm =
  /^[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*@(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?$/;

export const email = z
  .string("must be a string")
  .max(300, { error: "must have at most 254 characters", abort: true })
  .trim()
  // Checked before `toLowerCase`, because that turns the Kelvin sign into the ASCII letter k.
  .refine((text) => /^[!-~]*$/.test(text), { error: "must be an email address", abort: true })
  .toLowerCase()
  .max(254, { error: "must have at most 254 characters", abort: true })
  .pipe(
    z
      .email({ pattern: emailForm, error: "must be an email address", abort: true })
      // The server stores users of trusted issuers under addresses that end with .invalid.
      .refine((text) => !text.endsWith(".invalid"), "must not end with .invalid")
      .refine((text) => text.indexOf("@") <= maxLocalPart, `must have at most ${maxLocalPart} characters before the @`),
  )
  .meta({ example: "ana.duarte@example.org" });
