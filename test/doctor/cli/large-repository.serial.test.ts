import assert from "node:assert/strict";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { z } from "zod";
import { runProgram } from "../../shared/run-program.ts";
import { cleanEnvironment, folderWith } from "../support/command-line.ts";
import * as valid from "../support/valid-configs.ts";

const script = fileURLToPath(new URL("../support/measured-run.ts", import.meta.url));

/**
 * Returns a repository like that of a platform team: few of its files are deployment configuration, and many of the
 * other files are YAML as well.
 */
function largeRepository(): Record<string, string> {
  const files: Record<string, string> = {};
  const add = (count: number, name: (index: number) => string, text: (index: number) => string) => {
    for (let index = 0; index < count; index++) files[name(index)] = text(index);
  };
  const named = (text: string, index: number) => text.replaceAll(/\bapi\b/g, `api${index}`);
  add(
    400,
    (index) => `clusters/c${index % 20}/app${index}.yaml`,
    (index) => named(valid.kubernetes, index),
  );
  add(
    120,
    (index) => `services/s${index}/docker-compose.yml`,
    () => valid.compose,
  );
  add(
    120,
    (index) => `services/s${index}/nginx/nginx.conf`,
    () => valid.nginx,
  );
  add(
    60,
    (index) => `edge/e${index}/haproxy.cfg`,
    () => valid.haproxy,
  );
  add(
    100,
    (index) => `aws/stack${index}.yaml`,
    () => valid.alb,
  );
  add(
    700,
    (index) => `workflows/w${index}.yml`,
    (index) => `name: w${index}\non: [push]\njobs:\n${"  job:\n    steps: [{ run: make }]\n".repeat(1)}`,
  );
  add(
    1000,
    (index) => `src/module${index % 50}/file${index}.ts`,
    (index) => `export const value${index} = ${index};\n`.repeat(100),
  );
  add(
    1000,
    (index) => `data/d${index % 10}/record${index}.json`,
    (index) => JSON.stringify({ id: index, text: "x".repeat(2000) }),
  );
  return files;
}

test("a repository of 3,500 files is judged in less than 10 s and 300 MB", async () => {
  const files = largeRepository();
  assert.equal(Object.keys(files).length, 3500);
  const { code, output } = await runProgram(process.execPath, [script], {
    cwd: folderWith(files),
    env: cleanEnvironment,
  });
  assert.equal(code, 0, output);
  const { seconds, megabytes, findings, unread } = z
    .object({ seconds: z.number(), megabytes: z.number(), findings: z.number(), unread: z.array(z.unknown()) })
    .parse(JSON.parse(output));
  assert.deepEqual(unread, []);
  assert.ok(findings > 0);
  assert.ok(seconds < 10, `${seconds} s`);
  assert.ok(megabytes < 300, `${megabytes} MB`);
});
