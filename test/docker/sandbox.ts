import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { atEnd } from "../shared/at-end.ts";
import { has } from "../shared/programs.ts";
import { runProgram } from "../shared/run-program.ts";

export const root = fileURLToPath(new URL("../../", import.meta.url));

export type FakeDocker = {
  composeVersion?: string;
  daemon?: boolean;
  volumes?: boolean;
  /** Further responses: `case` branches of sh on the arguments; $sandbox is a writable folder. */
  answers?: string;
};

export const working: FakeDocker = { composeVersion: "2.40.0", daemon: true };

/** Creates a copy of the folders that the script uses, and a fake docker that records its arguments. */
export function createSandbox({ composeVersion, daemon, volumes, answers = "" }: FakeDocker = working) {
  const folder = mkdtempSync(join(tmpdir(), "haven-docker-"));
  atEnd(() => rmSync(folder, { recursive: true, force: true }));
  // The space and the $ in the name break every command that does not quote a variable.
  const sandbox = join(folder, "my rented $houses");
  for (const name of ["docker", "monitoring/targets"])
    cpSync(join(root, name), join(sandbox, name), { recursive: true });
  for (const name of [".env", "ssl", "backups", "secrets"])
    rmSync(join(sandbox, "docker", name), { recursive: true, force: true });
  const bin = join(sandbox, "bin");
  mkdirSync(bin);
  for (const name of standardPrograms) if (has(name)) symlinkSync(pathOfProgram(name), join(bin, name));
  const docker = `#!/bin/sh
sandbox='${sandbox}'
printf '%s\\n' "$*" >> "$sandbox/calls"
case "$*" in
${answers}
  "compose version --short") ${composeVersion === undefined ? "exit 1" : `echo ${composeVersion}`} ;;
  info) exit ${daemon ? 0 : 1} ;;
  "volume inspect "*) exit ${volumes ? 0 : 1} ;;
esac
`;
  writeFileSync(join(bin, "docker"), docker);
  chmodSync(join(bin, "docker"), 0o755);
  const file = (name: string) => join(sandbox, name);
  const env = { PATH: bin };
  return {
    run: (...args: string[]) => runProgram(file("docker/load-balancer-setup.sh"), args, { env, timeoutMs: 20_000 }),
    env,
    file,
    text: (name: string) => readFileSync(file(name), "utf8"),
    mode: (name: string) => (statSync(file(name)).mode & 0o777).toString(8),
    calls: () => (existsSync(file("calls")) ? readFileSync(file("calls"), "utf8") : ""),
  };
}

/** The programs that the script may expect on any machine. */
const standardPrograms = [
  ...[
    "awk",
    "bash",
    "cat",
    "chmod",
    "cmp",
    "cut",
    "date",
    "dirname",
    "grep",
    "head",
    "mkdir",
    "mktemp",
    "mv",
    "openssl",
  ],
  ...["readlink", "rm", "sed", "sleep", "tail", "wc"],
];

const pathOfProgram = (name: string): string =>
  (process.env["PATH"] ?? "")
    .split(":")
    .map((folder) => join(folder, name))
    .find((candidate) => existsSync(candidate)) ?? name;
