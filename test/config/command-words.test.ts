import assert from "node:assert/strict";
import { test } from "node:test";
import { splitCommand } from "../../src/config/command-words.ts";

for (const [line, words] of [
  ["aws rds generate-db-auth-token --port 5432", ["aws", "rds", "generate-db-auth-token", "--port", "5432"]],
  ["  cat   /run/token ", ["cat", "/run/token"]],
  [`cat "/run/my token" 'it''s' a\\ b ""`, ["cat", "/run/my token", "its", "a b", ""]],
  [
    "echo $HOME; rm -rf `pwd` | cat > x && y",
    ["echo", "$HOME;", "rm", "-rf", "`pwd`", "|", "cat", ">", "x", "&&", "y"],
  ],
  [`echo '\\'`, ["echo", "\\"]],
  [`echo "un`, undefined],
] as const) {
  const title =
    words === undefined ? "is rejected, because a quote is not closed" : `is split into ${words.length} words`;
  test(`${line} ${title}`, () => assert.deepEqual(splitCommand(line), words));
}
