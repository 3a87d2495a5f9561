import type { RunKustomize } from "../readers/kubernetes/kustomize.ts";

export type CliContext = {
  environment: Readonly<Record<string, string | undefined>>;
  /** The working folder: relative paths start here. */
  folder: string;
  version: string;
  /** The width of the terminal; undefined if the output is not a terminal. */
  columns: number | undefined;
  /** How the user starts the doctor, for messages. */
  program: string;
  /** The folder with the shipped configurations, which the doctor reads if the command line names no files. */
  shippedFolder?: string | undefined;
  reportUsageError: (message: string) => void;
  runKustomize?: RunKustomize;
  /** Returns the present time, by which ignores expire. */
  now?: () => Date;
};

export type CliResult = { output: string; exitCode: 0 | 1 | 2 };
