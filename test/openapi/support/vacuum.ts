import { fileURLToPath } from "node:url";
import type { GoProgram } from "../../shared/go-program.ts";

/** A linter of OpenAPI documents. `npm run vacuum` builds it, which takes ten minutes of processor time. */
export const vacuum: GoProgram = {
  package: "github.com/daveshanley/vacuum",
  version: "v0.30.3",
  module: fileURLToPath(new URL("../vacuum", import.meta.url)),
};

/** Only errors fail. The warnings demand a description and an example of every single member. */
export const vacuumArguments = (document: string): readonly string[] => [
  "lint",
  ...["--fail-severity", "error", "--no-banner", "--no-style"],
  document,
];
