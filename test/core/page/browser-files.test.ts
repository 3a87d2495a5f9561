import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { pathToFileURL } from "node:url";
import { runInNewContext } from "node:vm";
import { readScripts, readStyles } from "../../../src/core/page/browser-files.ts";
import { atEnd } from "../../shared/at-end.ts";

const folder = mkdtempSync(join(tmpdir(), "haven-browser-files-"));
atEnd(() => rmSync(folder, { recursive: true, force: true }));

function file(name: string, text: string): URL {
  writeFileSync(join(folder, name), text);
  return pathToFileURL(join(folder, name));
}

test("modules become one script: each module once, after the modules it imports", () => {
  file("count.js", 'export let count = 0;\nexport function add() {\n  count += 1;\n}\nlog.push("count");\n');
  file("twice.js", 'import { add } from "./count.js";\n\nexport const twice = () => {\n  add();\n  add();\n};\n');
  const entry = file(
    "entry.js",
    'import { count } from "./count.js";\nimport { twice } from "./twice.js";\nimport "./last.js";\n\ntwice();\nlog.push(count);\n',
  );
  file("last.js", 'import { count } from "./count.js";\n\nlog.push("last", count);\n');
  const log: unknown[] = [];
  runInNewContext(readScripts(entry), { log });
  assert.deepEqual(log, ["count", "last", 0, 2]);
});

test("modules that import each other are read once", () => {
  file("a.js", 'import { b } from "./b.js";\n\nexport const a = () => b;\nlog.push(a());\n');
  file("b.js", 'import { a } from "./a.js";\n\nexport const b = 1;\nexport const both = () => a;\n');
  const log: unknown[] = [];
  runInNewContext(readScripts(new URL("a.js", pathToFileURL(`${folder}/`))), { log });
  assert.deepEqual(log, [1]);
});

test("lines that are only a comment are not sent to the browser", () => {
  const entry = file("commented.js", '// why\n/** what */\nlog.push("http://a");\n');
  assert.equal(readScripts(entry), `"use strict";(()=>{log.push("http://a");\n})();`);
});

test("style sheets become one block in order, without comments and line breaks", () => {
  const first = file("first.css", '/* A\n   comment. */\na,\nb > c {\n  font:\n    1rem "Segoe UI",\n    serif;\n}\n');
  const second = file("second.css", "@media print {\n  a {\n    width: calc(1px + 2px);\n  }\n}\n");
  assert.equal(
    readStyles(first, second),
    'a,b > c{font: 1rem "Segoe UI",serif;}@media print{a{width: calc(1px + 2px);}}',
  );
});
