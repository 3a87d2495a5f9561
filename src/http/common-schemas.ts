import { z } from "zod";

/** Fields that several features have in common. */
export const id = z.uuid("must be a UUID").toLowerCase().meta({ example: "019d5a3e-8f00-7c3a-9d6e-2b1f5a7c9e01" });

/**
 * A text whose length is checked before anything reads its content, then in NFC and without outer white space. Putting
 * combining marks in order takes quadratic time, so a long run of them is refused; 30 is the bound of Unicode's
 * stream-safe text format (UAX #15). NFC joins at most four characters into one, so a text of more than four times the
 * allowed length cannot fit and is refused unread.
 */
const boundedText = (maxLength: number) => {
  const tooLong = { error: `must have at most ${maxLength} characters`, abort: true };
  return z
    .string("must be a text")
    .max(4 * maxLength, tooLong)
    .refine((text) => !/\p{M}{31}/u.test(text), {
      error: "must not have more than 30 combining marks in a row",
      abort: true,
    })
    .normalize("NFC")
    .trim()
    .max(maxLength, tooLong);
};

/** One line that a person can read: nothing that only a terminal or a text direction understands. */
export const line = (maxLength: number, example: string) =>
  boundedText(maxLength)
    .min(1, "is needed")
    .regex(/^[^\p{Cc}\u202a-\u202e\u2066-\u2069]*$/u, "must not have control characters")
    .regex(/^$|[^\p{Cf}\p{Z}]/u, "must have something to see in it")
    .meta({ example });

/** May go over several lines. */
export const prose = (maxLength: number) =>
  boundedText(maxLength).regex(
    /^(?:[\n\r\t]|[^\p{Cc}\u202a-\u202e\u2066-\u2069])*$/u,
    "must not have control characters",
  );

export const search = boundedText(100)
  .min(1, "must not be empty")
  .optional()
  .meta({ description: "Only items with this text in them, in upper or lower case" });

/** More than any rent, and still an integer that every client can hold. */
const mostCents = 2_000_000_000;

export const cents = z
  .int("must be a whole number of cents")
  .min(0, "must be at least 0")
  .max(mostCents, `must be at most ${mostCents}`)
  .meta({ example: 145_000 });

export const currency = z
  .enum(Intl.supportedValuesOf("currency"), "must be a currency code of ISO 4217, like EUR")
  .meta({ id: "Currency", description: "ISO 4217", example: "EUR" });

const regions = new Intl.DisplayNames("en", { type: "region", fallback: "none" });
const isCountry = (code: string): boolean => code !== "ZZ" && regions.of(code) !== undefined;

export const country = z
  .string("must be a text")
  .max(20, { error: "must be a country code of two letters, like PT", abort: true })
  .trim()
  .regex(/^[A-Za-z]{2}$/, { error: "must be a country code of two letters, like PT", abort: true })
  .toUpperCase()
  .refine(isCountry, "must be a country code of ISO 3166, like PT")
  .meta({ description: "ISO 3166-1 alpha-2", example: "PT" });

export const day = z.iso
  .date({ error: "must be a day like 2026-04-30", abort: true })
  .refine((text) => text >= "1900-01-01" && text <= "2299-12-31", "must lie between 1900 and 2299")
  .meta({ description: "From 1900-01-01 to 2299-12-31", example: "2026-05-01" });

export const moment = z.iso.datetime().meta({ example: "2026-04-30T09:30:00.000Z" });

/** A change names at least one field. What JSON leaves out is absent, and never `undefined`. */
export const changesOf = <Shape extends z.ZodRawShape>(fields: z.ZodObject<Shape>) =>
  fields
    .partial()
    .refine((changes) => Object.keys(changes).length > 0, "needs at least one field")
    .meta({ minProperties: 1 }) as unknown as z.ZodType<Partial<z.output<z.ZodObject<Shape>>>>;

export const email = z
  .string("must be a text")
  .max(300, { error: "must have at most 254 characters", abort: true })
  .trim()
  .toLowerCase()
  .max(254, { error: "must have at most 254 characters", abort: true })
  .pipe(z.email("must be an e-mail address"))
  .meta({ example: "ana.duarte@example.org" });
