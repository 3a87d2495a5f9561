import { cleanUp } from "../shared/at-end.ts";
import { provide } from "../shared/programs.ts";
import { linters } from "./linters.ts";
import { explanationsOf, faultsOf, readPage } from "./page.ts";

// npm run linters: installs linters of other projects, and runs them on the shipped files. docs/linters.md explains what
// they report; a finding without an explanation, and an explanation without a finding, fail the run.

await provide([{ command: "kubectl", package: "kubernetes-client" }]);
const explanations = explanationsOf(readPage());
const faults: string[] = [];
try {
  for (const linter of linters) {
    linter.provide();
    if (!linter.isProvided()) continue;
    const findings = await linter.run();
    const linterFaults = faultsOf(linter.name, findings, explanations);
    const result = linterFaults.length === 0 ? "all explained" : "see below";
    process.stdout.write(`${linter.name} ${linter.version}: ${findings.length} findings, ${result}\n`);
    faults.push(...linterFaults);
  }
} finally {
  await cleanUp();
}
for (const fault of faults) process.stderr.write(`${fault}\n`);
process.exitCode = faults.length === 0 ? 0 : 1;
