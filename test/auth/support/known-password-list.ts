import { dictionary } from "@zxcvbn-ts/language-common";
import { normalized } from "../../../src/auth/known-passwords/known-passwords.ts";
import { minPasswordLength } from "../../../src/auth/schema.ts";

/** Returns the entries of the npm package that are as long as a password must be. */
export const knownPasswords = (): string[] => [
  ...new Set(dictionary["passwords-common"].map(normalized).filter((text) => [...text].length >= minPasswordLength)),
];
