import { asScript, commandScript } from "../command-script.ts";
import { filterScript } from "./script-filter.ts";
import { outcomeScript } from "./script-outcome.ts";
import { tryScript } from "./script-try.ts";

export const script: string = asScript(
  `const find = (id) => document.getElementById(id);`,
  commandScript,
  filterScript,
  outcomeScript,
  tryScript,
);
