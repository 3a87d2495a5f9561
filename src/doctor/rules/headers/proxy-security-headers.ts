import { type Directive, effectiveDirectives, hasUnreadInclude } from "../../readers/nginx/nginx-syntax.ts";
import type { Edit, Rule, Violation } from "../../rule.ts";
import { eachNginx, namesText, onePerFile } from "../for-each.ts";

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

/** Appends `always` to a directive. Assumes that a value that is not a plain word is in double quotes. */
function appendAlways({ args, at }: Directive): Edit[] {
  const last = args.at(-1) ?? "";
  return /^[\w-]+$/.test(last)
    ? [{ at, from: `${last};`, to: `${last} always;` }]
    : [{ at, from: `${last}";`, to: `${last}" always;` }];
}

export const securityHeaderRules: readonly Rule[] = [
  {
    id: "trap-nginx-header-not-always",
    severity: "warning",
    title: "Error responses lack a security header",
    impact: "Without `always` nginx adds a header to successful responses only: error pages are unprotected.",
    condition: "add_header of a security header ends in `always`",
    fix: "Append always.",
    example: {
      kind: "nginx",
      broken: "server {\n  add_header X-Frame-Options DENY;\n}\n",
      fixed: "server {\n  add_header X-Frame-Options DENY always;\n}\n",
    },
    find: eachNginx(({ all }) =>
      onePerFile(
        all.filter((directive) => isSecurity(directive) && directive.args.at(-1) !== "always"),
        ({ at }) => at,
        (found) => ({
          message: `add_header has no always for ${namesText(found.map(({ args }) => args[0] ?? ""))}.`,
          edits: found.flatMap(appendAlways),
        }),
      ),
    ),
  },
  {
    id: "trap-nginx-header-shadowed",
    severity: "warning",
    title: "A location drops the inherited security headers",
    impact: "An add_header in a location disables all inherited ones: the responses of the location are unprotected.",
    condition: "A block with an add_header repeats the inherited security headers",
    fix: "Put the security headers into one file, and include it in each block that has an add_header.",
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
        const inheritedSecurity = inherited.filter(isSecurity);
        const names = new Set(own.map(({ args }) => (args[0] ?? "").toLowerCase()));
        const lost = inheritedSecurity.filter(({ args }) => !names.has((args[0] ?? "").toLowerCase()));
        if (lost[0] === undefined) return [];
        return [
          {
            places: [own[0].at, lost[0].at],
            message: `${block.name} ${block.args.join(" ")} drops ${lost.map(({ args }) => args[0]).join(", ")}.`,
          },
        ];
      }),
    ),
  },
  {
    id: "trap-xss-protection",
    severity: "warning",
    title: "X-XSS-Protection is harmful",
    impact: "Current browsers ignore the header, and in old browsers its filter can be abused.",
    condition: "X-XSS-Protection is absent or 0",
    fix: "Remove it, and use Content-Security-Policy.",
    example: {
      kind: "nginx",
      broken: 'server {\n  add_header X-XSS-Protection "1; mode=block" always;\n}\n',
      fixed: "server {\n  add_header Content-Security-Policy \"default-src 'none'\" always;\n}\n",
    },
    find: ({ nginx, haproxy }) => [
      ...nginx.flatMap(({ all }) =>
        onePerFile(
          all.filter(
            ({ name, args }) =>
              name === "add_header" && args[0]?.toLowerCase() === "x-xss-protection" && args[1] !== "0",
          ),
          ({ at }) => at,
          () => ({ message: "add_header sets X-XSS-Protection." }),
        ),
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
