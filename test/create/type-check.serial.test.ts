import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { runProgram } from "../shared/run-program.ts";
import { createProject, root, sampleServices, template, titleOf, writtenProject } from "./support/projects.ts";

for (const choices of sampleServices) {
  test(`${titleOf(choices)} passes its own type check and the doctor`, async () => {
    const folder = writtenProject(createProject(template, choices));
    const run = (...args: string[]) =>
      runProgram(process.execPath, args, { cwd: folder, env: { PATH: process.env["PATH"] }, timeoutMs: 100_000 });
    const tsc = await run(join(root, "node_modules/typescript/bin/tsc"), "-p", ".");
    assert.equal(tsc.code, 0, tsc.output);
    const doctor = await run(join(root, "src/doctor/main.ts"), ".");
    if (choices.parts.length > 0) assert.equal(doctor.code, 0, doctor.output);
  });
}
