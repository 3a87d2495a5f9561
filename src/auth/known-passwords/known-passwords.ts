import { readFileSync } from "node:fs";
import { AppError } from "../../core/app-error.ts";
import { mayContain } from "./bloom-filter.ts";

/**
 * The passwords of at least eight characters that leaks show most often. `npm run known-passwords` writes the file from
 * the list of the package @zxcvbn-ts/language-common (MIT licence), which is made from published leaks.
 */
const known = readFileSync(new URL("./known-passwords.bin", import.meta.url));

/** Case is ignored, because attackers vary it first. */
export const normalized = (password: string): string => password.toLowerCase();

/**
 * Refuses passwords that attackers try first: known ones, and the address or the name of the user. Apart from that, only
 * the length counts, because rules about kinds of characters make passwords worse.
 */
export function assertNotGuessable(field: string, password: string, personal: readonly string[] = []): void {
  const text = normalized(password);
  const personalWords = personal.flatMap((value) => [value, value.split("@", 1)[0] ?? ""]).map(normalized);
  if (personalWords.includes(text)) throw refused(field, "must not be your name or your email address");
  if (mayContain(known, text)) throw refused(field, "is among the passwords that attackers try first; choose another");
}

const refused = (path: string, message: string) =>
  new AppError("validation_failed", `${path}: ${message}`, { errors: [{ path, message }] });
