import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { runProgram } from "../shared/run-program.ts";
import { allowedTexts, bannedPhrases, compareWithBaseline, findBannedPhrases } from "./phrases.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));
const phrasesIn = (text: string, file = "src/example.ts") => findBannedPhrases(file, text).map(({ phrase }) => phrase);

test("a banned phrase is found in any case, with its line", () => {
  const [found] = findBannedPhrases("src/example.ts", "const a = 1;\n// Whoever reads this\n");
  assert.equal(found?.line, 2);
  assert.equal(found?.phrase, "Whoever");
});

test("a phrase that a comment breaks over two lines is found", () => {
  assert.deepEqual(phrasesIn("/**\n * It works as\n * ever.\n */"), ["as ever"]);
  assert.deepEqual(phrasesIn("# all the\n# same\n"), ["all the same"]);
});

test("a longer word that contains a banned word passes", () => {
  assert.deepEqual(phrasesIn("recommended amendment, toldSeconds, a new one"), []);
});

test("the Unix user nobody is allowed only in the file that names it", () => {
  for (const [file, texts] of Object.entries(allowedTexts)) {
    const text = readFileSync(root + file, "utf8");
    for (const allowed of texts) {
      assert.ok(text.includes(allowed), `${file} no longer contains: ${allowed}`);
      assert.deepEqual(phrasesIn(allowed, file), []);
      assert.notDeepEqual(phrasesIn(allowed, "src/other.ts"), []);
    }
  }
  assert.deepEqual(phrasesIn("// nobody reads it", Object.keys(allowedTexts)[0]), ["nobody"]);
});

test("every phrase has a suggestion", () => {
  for (const { phrase, instead } of bannedPhrases) assert.ok(instead !== "", phrase);
});

test("a file with more banned phrases than the baseline records fails, one with fewer is reported", () => {
  const baseline = { "a.ts": 2, "b.ts": 2, "c.ts": 1 };
  const { above, below } = compareWithBaseline({ "a.ts": 3, "b.ts": 1, "new.ts": 1 }, baseline);
  assert.deepEqual(above, ["a.ts", "new.ts"]);
  assert.deepEqual(below, ["b.ts", "c.ts"]);
});

test("the check runs with npm run check, and passes", async () => {
  const { scripts } = JSON.parse(readFileSync(`${root}package.json`, "utf8"));
  const command = "node test/language/check-phrases.ts";
  assert.ok(existsSync(`${root}test/language/phrase-baseline.json`));
  assert.ok(scripts.check.includes(command));
  const { code, output } = await runProgram(process.execPath, [`${root}test/language/check-phrases.ts`]);
  assert.equal(code, 0, output);
});
