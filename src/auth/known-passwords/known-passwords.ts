import { readFileSync } from "node:fs";
import { AppError } from "../../core/errors/app-error.ts";
import { mayContain } from "./bloom-filter.ts";

/**
 * The passwords that leaks contain most often, if their length is allowed. `npm run known-passwords` writes the file
 * from the list of the package @zxcvbn-ts/language-common (MIT licence), which is made from published leaks.
 */
const knownPasswords = readFileSync(new URL("./known-passwords.bin", import.meta.url));

/** Words of this service. Add the names of your organization and of its products. */
const serviceWords = ["haven", "haven-api", "administrator"];

/** Case is ignored, because attackers vary it first. */
export const normalized = (password: string): string => password.toLowerCase();

/**
 * Refuses passwords that attackers try first: known passwords, and the user's name, the email address, its parts, and
 * words of this service, also with other separators between their words, and with up to eight digits or signs behind
 * them. There are no rules about kinds of characters, because they lead to worse passwords.
 */
export function assertNotGuessable(field: string, password: string, personal: readonly string[] = []): void {
  const text = withoutSeparators(password);
  const words = personal
    .flatMap((value) => [value, ...value.split("@"), ...value.split(/[@.\s]/)])
    .map(withoutSeparators)
    .filter((word) => word.length >= 3);
  const isWord = [...words, ...serviceWords.map(withoutSeparators)].some(
    (word) => text.startsWith(word) && /^\P{L}{0,8}$/u.test(text.slice(word.length)),
  );
  if (isWord) throw refused(field, "must not be your name, your email address or the name of this service");
  if (mayContain(knownPasswords, normalized(password)))
    throw refused(field, "is among the passwords that attackers try first; choose another");
}

const withoutSeparators = (text: string): string =>
  normalized(text.normalize("NFC")).replaceAll(/[^\p{L}\p{M}\p{N}]/gu, "");

const refused = (path: string, message: string) =>
  new AppError("validation_failed", `${path}: ${message}`, { errors: [{ path, message }] });
