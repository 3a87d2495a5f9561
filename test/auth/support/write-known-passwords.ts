import { writeFileSync } from "node:fs";
import { createBloomFilter } from "../../../src/auth/known-passwords/bloom-filter.ts";
import { knownPasswords } from "./known-password-list.ts";

// npm run known-passwords

const file = new URL("../../../src/auth/known-passwords/known-passwords.bin", import.meta.url);
writeFileSync(file, createBloomFilter(knownPasswords()));
