import assert from "node:assert/strict";
import { test } from "node:test";
import { wrapMarkdown } from "../../bench/report/wrap-markdown.ts";

const long = "some words that go on, and `code that is not cut`, ".repeat(9).trim();

test("paragraphs and lists are wrapped without a change of their text", () => {
  const text = wrapMarkdown(`${long}\n\n- ${long}\n- short`);
  assert.ok(text.split("\n").every((line) => line.length <= 120));
  assert.equal(text.replaceAll(/\s+/g, " "), `${long} - ${long} - short`);
  assert.match(text, /\n\n- some [\s\S]*\n {2}\S[\s\S]*\n- short$/);
});

test("headings, tables, images and code are unchanged", () => {
  const parts = [`# ${long}`, `| ${long} |\n| --- |`, `![${long}](x.svg)`, `\`\`\`\n${long}\n\nA=1\n\`\`\``, ""];
  assert.equal(wrapMarkdown(parts.join("\n\n")), parts.join("\n\n"));
});
