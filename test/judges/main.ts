import { cleanUp } from "../shared/at-end.ts";
import { provide } from "../shared/programs.ts";
import { judges } from "./judges.ts";
import { explanationsOf, faultsOf, readPage } from "./page.ts";

// npm run judges: installs linters of other projects, and runs them on the shipped files. docs/judges.md explains what
// they report; a finding without an explanation, and an explanation without a finding, fail the run.

await provide([{ command: "kubectl", package: "kubernetes-client" }]);
const explanations = explanationsOf(readPage());
const faults: string[] = [];
try {
  for (const judge of judges) {
    judge.provide();
    if (!judge.isProvided()) continue;
    const findings = await judge.run();
    const ofJudge = faultsOf(judge.name, findings, explanations);
    const result = ofJudge.length === 0 ? "all explained" : "see below";
    process.stdout.write(`${judge.name} ${judge.version}: ${findings.length} findings, ${result}\n`);
    faults.push(...ofJudge);
  }
} finally {
  await cleanUp();
}
for (const fault of faults) process.stderr.write(`${fault}\n`);
process.exitCode = faults.length === 0 ? 0 : 1;
