import type { Rule, Violation } from "../../rule.ts";
import { backend } from "../example-files.ts";
import { eachHaproxy } from "../for-each.ts";

export const haproxyBraceRules: readonly Rule[] = [
  {
    id: "trap-haproxy-brace",
    severity: "error",
    title: "An unbalanced brace",
    impact: "HAProxy rejects the configuration: braces exist only around anonymous conditions, with both on one line.",
    condition: "A line has as many `{` as `}`, and does not start with a brace",
    fix: "Remove the brace.",
    example: {
      kind: "haproxy",
      broken: backend("server app1 app1:4000 check\n}"),
      fixed: backend("server app1 app1:4000 check"),
    },
    find: eachHaproxy(({ sections }) =>
      sections.flatMap(({ lines }) =>
        lines.flatMap(({ words, at }): Violation[] => {
          const openCount = words.filter((word) => word === "{" || word === "!{").length;
          const closeCount = words.filter((word) => word === "}").length;
          const startsWithBrace = words[0] === "{" || words[0] === "}";
          return openCount === closeCount && !startsWithBrace
            ? []
            : [{ places: [at], message: `\`${words.slice(0, 4).join(" ")}\` has an unbalanced brace.` }];
        }),
      ),
    ),
  },
];
