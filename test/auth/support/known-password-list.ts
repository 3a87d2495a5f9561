import { dictionary } from "@zxcvbn-ts/language-common";
import { normalized } from "../../../src/auth/known-passwords/known-passwords.ts";
import { minPasswordLength } from "../../../src/auth/schema.ts";

/** The entries of the package that are long enough to be chosen as a password. */
export const knownPasswords = (): string[] => [
  ...new Set(dictionary["passwords-common"].map(normalized).filter((text) => [...text].length >= minPasswordLength)),
];
