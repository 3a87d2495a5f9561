import { readFileSync, writeFileSync } from "node:fs";
import type { Document } from "../../../src/openapi/document/openapi-types.ts";
import { breakingChanges } from "./breaking-changes.ts";
import { documentFaults } from "./document-faults.ts";
import { asText, documentFile, serveDocument } from "./served-document.ts";

// npm run openapi-document writes docs/openapi.json; npm run check compares it with the document of the server.

const [mode] = process.argv.slice(2);
const served = await serveDocument();
const committed: Document = JSON.parse(readFileSync(documentFile, "utf8"));
const broken = mode === "accept-breaking" ? [] : breakingChanges(committed, served);
const faults = documentFaults(served);

if (faults.length > 0) fail("The OpenAPI document has faults:", faults, "");
if (broken.length > 0)
  fail(
    "The API has changed in a way that breaks clients:",
    broken,
    "To accept the change: npm run openapi-document accept-breaking",
  );
if (mode === "check") {
  if (asText(served) !== asText(committed))
    fail("docs/openapi.json is not the document that the server returns.", [], "Run npm run openapi-document.");
} else {
  writeFileSync(documentFile, asText(served));
}

function fail(problem: string, details: readonly string[], advice: string): never {
  process.stderr.write(`${[problem, ...details.map((detail) => `  ${detail}`), advice].join("\n")}\n`);
  process.exit(1);
}
