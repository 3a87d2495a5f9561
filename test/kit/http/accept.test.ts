import assert from "node:assert/strict";
import { test } from "node:test";
import { preferredForm } from "../../../src/kit/http/accept.ts";

const forms = { "application/json": "json", "application/health+json": "health", "text/html": "html" } as const;

for (const [accept, form] of [
  ["", "json"],
  ["*/*", "json"],
  ["text/html", "html"],
  ["text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", "html"],
  ["application/health+json, application/json;q=0.9", "health"],
  ["application/json;version=1.0.0; q=0.2, text/html;q=0.3", "html"],
  ["text/*, application/json;q=0.5", "html"],
  ["text/html;q=0, */*", "json"],
  ["application/json;q=0.5, text/html;q=0.5", "json"],
  ["text/html;q=0.5, application/json;q=0.5", "html"],
  ["TEXT/HTML", "html"],
  ["image/png", undefined],
  ["application/json;q=0, text/html;q=0, application/health+json;q=0", undefined],
  [",;=/", undefined],
] as const) {
  test(`Accept: ${accept || "(empty)"} selects ${form === undefined ? "no form" : `the form "${form}"`}`, () => {
    assert.equal(preferredForm(accept, forms), form);
  });
}
