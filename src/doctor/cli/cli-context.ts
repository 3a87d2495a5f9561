import type { RunKustomize } from "../readers/kubernetes/kustomize.ts";

export type CliContext = {
  environment: Readonly<Record<string, string | undefined>>;
  /** The working folder: relative paths start here. */
  folder: string;
  version: string;
  /** The width of the terminal; undefined where the output is not a terminal. */
  columns: number | undefined;
  /** How the user starts the doctor, for messages. */
  program: string;
  /** The folder of the configurations that are read without arguments; undefined where there are none. */
  shippedFolder?: string | undefined;
  reportUsageError: (message: string) => void;
  runKustomize?: RunKustomize;
  /** The day, for ignores that expire. */
  now?: () => Date;
};

export type CliResult = { output: string; exitCode: 0 | 1 | 2 };
