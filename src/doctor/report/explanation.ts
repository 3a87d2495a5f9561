import type { Rule } from "../rule.ts";
import { ruleSection } from "./rules-page.ts";

/** Returns the text of `doctor explain RULE`. */
export const explanationOf = (rule: Rule): string =>
  `${ruleSection(rule).replace(/^#### /, "")}\n\nIgnore one place with a comment: # haven-doctor: ignore ${rule.id} <reason>\n`;
