import { fileURLToPath } from "node:url";
import type { GoProgram } from "../../shared/go-program.ts";

/** A linter of OpenAPI documents. Its build takes ten minutes of processor time: `npm run vacuum`. */
export const vacuum: GoProgram = {
  package: "github.com/daveshanley/vacuum",
  version: "v0.30.3",
  module: fileURLToPath(new URL("../vacuum", import.meta.url)),
};

/** Warnings are about descriptions and examples of every single member, and do not fail. */
export const vacuumArguments = (document: string): readonly string[] => [
  "lint",
  ...["--fail-severity", "error", "--no-banner", "--no-style"],
  document,
];
