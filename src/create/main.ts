#!/usr/bin/env node
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { askName } from "./ask-name.ts";
import { type CommandLine, readCommandLine, UsageError, usage } from "./command-line.ts";
import { nameProblem } from "./names.ts";
import { unpackTemplate } from "./packed-template.ts";
import { type Part, withNeeds } from "./parts.ts";
import { createProject } from "./project.ts";
import { folderProblem, writeProject } from "./write-project.ts";

// The command `npm create @haven-api`. It reads the command line, asks for a missing name, and sets the exit code.

const exitCodes = { failed: 1, usage: 64 } as const;
const defaultName = "my-service";

try {
  await run(readCommandLine(process.argv.slice(2)));
} catch (error) {
  const isUsage = error instanceof UsageError;
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n${isUsage ? `\n${usage}` : ""}`);
  process.exitCode = isUsage ? exitCodes.usage : exitCodes.failed;
}

async function run(command: CommandLine): Promise<void> {
  if (command.action === "help") return void process.stdout.write(usage);
  if (command.action === "version") return void process.stdout.write(`${ownVersion()}\n`);
  const name = command.name ?? (await chooseName(command.yes));
  const problem = nameProblem(name);
  if (problem !== undefined) throw new UsageError(problem);
  const folder = resolve(command.folder ?? name);
  const problemOfFolder = folderProblem(folder);
  if (problemOfFolder !== undefined) throw new Error(problemOfFolder);

  const template = unpackTemplate(readFileSync(new URL("../template.json.gz", import.meta.url)));
  const files = createProject(template, { name, parts: command.parts });
  writeProject(folder, files);
  process.stdout.write(nextSteps({ name, folder: command.folder ?? name, parts: command.parts, count: files.size }));
}

async function chooseName(yes: boolean): Promise<string> {
  if (yes) return defaultName;
  if (!process.stdin.isTTY)
    throw new UsageError("A name or --yes is needed, because there is no terminal to ask for the name.");
  const name = await askName({ input: process.stdin, output: process.stdout }, defaultName);
  if (name === undefined) throw new Error("No name was given, so nothing was written.");
  return name;
}

type WrittenProject = { name: string; folder: string; parts: readonly Part[]; count: number };

function nextSteps({ name, folder, parts, count }: WrittenProject): string {
  return `
${name}: ${count} files in ${folder}/
parts: ${withNeeds(parts).join(", ") || "none"}

Next:
  cd ${folder}
  git init
  npm ci
  npm start

`;
}

function ownVersion(): string {
  const manifest = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8")) as {
    version: string;
  };
  return manifest.version;
}
