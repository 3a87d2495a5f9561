import type { Place } from "../../facts/config-values.ts";
import type { Rule, Violation } from "../../rule.ts";
import { headers, location } from "../example-files.ts";

const nginxHeader = /^(?:proxy_set_header|add_header|proxy_hide_header|grpc_set_header)$/;
const haproxyHeader = /^(?:set|add|del|replace)-header$/;

export const headerNameRules: readonly Rule[] = [
  {
    id: "trap-header-colon",
    severity: "error",
    title: "The name of a header ends in a colon",
    impact: "The colon becomes part of the name, or the header is malformed: the intended header is never set.",
    condition: "No colon in the name of a header in nginx (proxy_set_header, add_header) and HAProxy (set-header)",
    fix: "Remove the colon.",
    example: {
      kind: "nginx",
      broken: location(`${headers} proxy_set_header X-Real-IP: $remote_addr;`),
      fixed: location(`${headers} proxy_set_header X-Real-IP $remote_addr;`),
    },
    find: ({ nginx, haproxy }) => [
      ...nginx.flatMap(({ all }) =>
        all
          .filter(({ name, args }) => nginxHeader.test(name) && args[0]?.endsWith(":"))
          .map(({ name, args, at }): Violation => violationOf(`${name} ${args[0]}`, args[0] ?? "", at)),
      ),
      ...haproxy.flatMap(({ sections }) =>
        sections.flatMap(({ lines }) =>
          lines
            .filter(
              ({ words }) =>
                /^http-(?:request|response|after-response)$/.test(words[0] ?? "") &&
                haproxyHeader.test(words[1] ?? "") &&
                words[2]?.endsWith(":"),
            )
            .map(({ words, at }): Violation => violationOf(words.slice(0, 3).join(" "), words[2] ?? "", at)),
        ),
      ),
    ],
  },
];

const violationOf = (written: string, name: string, at: Place): Violation => ({
  places: [at],
  message: `\`${written}\` sets no ${name.slice(0, -1)}.`,
  edits: [{ at, from: name, to: name.slice(0, -1) }],
});
