import type { Rule, Violation } from "../../rule.ts";
import { backend } from "../example-files.ts";
import { eachHaproxy } from "../for-each.ts";

export const haproxyBraceRules: readonly Rule[] = [
  {
    id: "trap-haproxy-brace",
    severity: "error",
    title: "A brace that HAProxy does not know",
    impact:
      "HAProxy refuses the configuration: its sections have no braces, only anonymous conditions have, both on one line.",
    condition: "As many `{` as `}` in a line, and none that stands alone",
    fix: "Remove it.",
    example: {
      kind: "haproxy",
      broken: backend("server app1 app1:4000 check\n}"),
      fixed: backend("server app1 app1:4000 check"),
    },
    find: eachHaproxy(({ sections }) =>
      sections.flatMap(({ lines }) =>
        lines.flatMap(({ words, at }): Violation[] => {
          const open = words.filter((word) => word === "{" || word === "!{").length;
          const close = words.filter((word) => word === "}").length;
          const first = words[0] === "{" || words[0] === "}";
          return open === close && !first
            ? []
            : [{ places: [at], message: `\`${words.slice(0, 4).join(" ")}\` has a brace without its other half.` }];
        }),
      ),
    ),
  },
];
