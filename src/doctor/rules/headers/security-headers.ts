import { type Directive, effectiveDirectives, hasUnreadInclude } from "../../readers/nginx/nginx-syntax.ts";
import type { Rule, Violation } from "../../rule.ts";
import { eachNginx } from "../for-each.ts";

const securityHeaders = new Set([
  "strict-transport-security",
  "x-content-type-options",
  "x-frame-options",
  "referrer-policy",
  "content-security-policy",
  "permissions-policy",
]);

const isSecurity = ({ name, args }: Directive): boolean =>
  name === "add_header" && securityHeaders.has((args[0] ?? "").toLowerCase());

export const securityHeaderRules: readonly Rule[] = [
  {
    id: "trap-nginx-header-not-always",
    severity: "warning",
    title: "A security header is missing on errors",
    impact: "add_header alone is for answers that went well: error pages come without protection.",
    condition: "`always` behind add_header of a security header",
    fix: "Write always at its end.",
    example: {
      kind: "nginx",
      broken: "server {\n  add_header X-Frame-Options DENY;\n}\n",
      fixed: "server {\n  add_header X-Frame-Options DENY always;\n}\n",
    },
    find: eachNginx(({ all }) =>
      all
        .filter((directive) => isSecurity(directive) && directive.args.at(-1) !== "always")
        .map(({ at, args }): Violation => ({ places: [at], message: `add_header ${args[0] ?? ""} has no always.` })),
    ),
  },
  {
    id: "trap-nginx-header-shadowed",
    severity: "warning",
    title: "A location loses the security headers that stand outside",
    impact: "One add_header in a location takes away all of those around it: its answers come without protection.",
    condition: "A block with an add_header of its own repeats the security headers from outside",
    fix: "Put them into one file, and include it in every block that has an add_header.",
    example: {
      kind: "nginx",
      broken:
        "server {\n  add_header X-Frame-Options DENY always;\n  location / { add_header X-Cache MISS always; }\n}\n",
      fixed:
        "server {\n  add_header X-Frame-Options DENY always;\n  location / { add_header X-Cache MISS always; add_header X-Frame-Options DENY always; }\n}\n",
    },
    find: eachNginx(({ all, root }) =>
      all.flatMap((block): Violation[] => {
        const own = block.children?.filter(({ name }) => name === "add_header") ?? [];
        if (own[0] === undefined || hasUnreadInclude(block.children)) return [];
        const inherited = effectiveDirectives(block.parent, block.parent === undefined ? [] : root, "add_header") ?? [];
        const wanted = inherited.filter(isSecurity);
        const names = new Set(own.map(({ args }) => (args[0] ?? "").toLowerCase()));
        const lost = wanted.filter(({ args }) => !names.has((args[0] ?? "").toLowerCase()));
        if (lost[0] === undefined) return [];
        return [
          {
            places: [own[0].at, lost[0].at],
            message: `${block.name} ${block.args.join(" ")} loses ${lost.map(({ args }) => args[0]).join(", ")}.`,
          },
        ];
      }),
    ),
  },
  {
    id: "trap-xss-protection",
    severity: "warning",
    title: "X-XSS-Protection does harm",
    impact: "Browsers have dropped it; in old ones it opens holes of its own.",
    condition: "No X-XSS-Protection but 0",
    fix: "Remove it; Content-Security-Policy is what protects.",
    example: {
      kind: "nginx",
      broken: 'server {\n  add_header X-XSS-Protection "1; mode=block" always;\n}\n',
      fixed: "server {\n  add_header Content-Security-Policy \"default-src 'none'\" always;\n}\n",
    },
    find: ({ nginx, haproxy }) => [
      ...nginx.flatMap(({ all }) =>
        all
          .filter(
            ({ name, args }) =>
              name === "add_header" && args[0]?.toLowerCase() === "x-xss-protection" && args[1] !== "0",
          )
          .map(({ at }): Violation => ({ places: [at], message: "add_header X-XSS-Protection." })),
      ),
      ...haproxy.flatMap(({ sections }) =>
        sections.flatMap(({ lines }) =>
          lines
            .filter(
              ({ words }) =>
                /^http-(?:after-)?response$/.test(words[0] ?? "") &&
                words[2]?.toLowerCase() === "x-xss-protection" &&
                words[1] !== "del-header" &&
                words[3] !== "0",
            )
            .map(({ at }): Violation => ({ places: [at], message: "A response gets X-XSS-Protection." })),
        ),
      ),
    ],
  },
];
