import { runDoctor } from "../../../src/doctor/cli/command.ts";

// Judges the working folder in a process of its own, and prints the elapsed time and the peak memory.

const start = performance.now();
const result = await runDoctor([".", "--json"], {
  environment: { PATH: process.env["PATH"] },
  folder: process.cwd(),
  version: "0.0.0",
  columns: undefined,
  program: "haven-doctor",
  reportUsageError: (message) => void process.stderr.write(message),
});
const report = JSON.parse(result?.output ?? "{}");
process.stdout.write(
  JSON.stringify({
    seconds: (performance.now() - start) / 1000,
    megabytes: process.resourceUsage().maxRSS / 1024,
    findings: report.findings.length,
    unread: report.notUnderstood.filter(({ text }: { text: string }) => /too large|more than/.test(text)),
  }),
);
