import { linesInForce, linesOf, optionOf } from "../readers/haproxy.ts";
import type { Section } from "../readers/haproxy-syntax.ts";
import { type Directive, isPartlyUnread, nearest } from "../readers/nginx-syntax.ts";
import type { Found, Rule } from "../rule.ts";
import { eachNginx } from "./each.ts";
import { headers, location } from "./samples.ts";

const security = new Set([
  "strict-transport-security",
  "x-content-type-options",
  "x-frame-options",
  "referrer-policy",
  "content-security-policy",
  "permissions-policy",
]);
const isSecurity = ({ name, args }: Directive): boolean =>
  name === "add_header" && security.has((args[0] ?? "").toLowerCase());

/** What a client sent as X-Forwarded-For is taken away, or replaced. */
const clearsForwardedFor = (section: Section): boolean =>
  linesInForce(section).some(
    ({ words }) =>
      words[0] === "http-request" &&
      /^(?:set|del)-header$/.test(words[1] ?? "") &&
      words[2]?.toLowerCase() === "x-forwarded-for",
  );

/** What the client sent itself, alone or in front of its address. */
const claims = /\$\{?(?:proxy_add|http)_x_forwarded_for\b/;

export const nginxHeaderTraps: readonly Rule[] = [
  {
    id: "trap-nginx-header-not-always",
    severity: "warning",
    title: "A security header is missing on errors",
    reason: "add_header alone is for answers that went well: error pages come without protection.",
    arithmetic: "`always` behind add_header of a security header",
    fix: "Write always at its end.",
    example: {
      kind: "nginx",
      broken: "server {\n  add_header X-Frame-Options DENY;\n}\n",
      mended: "server {\n  add_header X-Frame-Options DENY always;\n}\n",
    },
    find: eachNginx(({ all }) =>
      all
        .filter((directive) => isSecurity(directive) && directive.args.at(-1) !== "always")
        .map(({ at, args }): Found => ({ places: [at], says: `add_header ${args[0] ?? ""} has no always.` })),
    ),
  },
  {
    id: "trap-nginx-header-shadowed",
    severity: "warning",
    title: "A location loses the security headers that stand outside",
    reason: "One add_header in a location takes away all of those around it: its answers come without protection.",
    arithmetic: "A block with an add_header of its own repeats the security headers from outside",
    fix: "Put them into one file, and include it in every block that has an add_header.",
    example: {
      kind: "nginx",
      broken:
        "server {\n  add_header X-Frame-Options DENY always;\n  location / { add_header X-Cache MISS always; }\n}\n",
      mended:
        "server {\n  add_header X-Frame-Options DENY always;\n  location / { add_header X-Cache MISS always; add_header X-Frame-Options DENY always; }\n}\n",
    },
    find: eachNginx(({ all, root }) =>
      all.flatMap((block): Found[] => {
        const own = block.children?.filter(({ name }) => name === "add_header") ?? [];
        if (own[0] === undefined || isPartlyUnread(block.children)) return [];
        const outside = nearest(block.parent, block.parent === undefined ? [] : root, "add_header") ?? [];
        const wanted = outside.filter(isSecurity);
        const names = new Set(own.map(({ args }) => (args[0] ?? "").toLowerCase()));
        const lost = wanted.filter(({ args }) => !names.has((args[0] ?? "").toLowerCase()));
        if (lost[0] === undefined) return [];
        return [
          {
            places: [own[0].at, lost[0].at],
            says: `${block.name} ${block.args.join(" ")} loses ${lost.map(({ args }) => args[0]).join(", ")}.`,
          },
        ];
      }),
    ),
  },
  {
    id: "trap-xss-protection",
    severity: "warning",
    title: "X-XSS-Protection does harm",
    reason: "Browsers have dropped it; in old ones it opens holes of its own.",
    arithmetic: "No X-XSS-Protection but 0",
    fix: "Remove it; Content-Security-Policy is what protects.",
    example: {
      kind: "nginx",
      broken: 'server {\n  add_header X-XSS-Protection "1; mode=block" always;\n}\n',
      mended: "server {\n  add_header Content-Security-Policy \"default-src 'none'\" always;\n}\n",
    },
    find: ({ nginx, haproxy }) => [
      ...nginx.flatMap(({ all }) =>
        all
          .filter(
            ({ name, args }) =>
              name === "add_header" && args[0]?.toLowerCase() === "x-xss-protection" && args[1] !== "0",
          )
          .map(({ at }): Found => ({ places: [at], says: "add_header X-XSS-Protection." })),
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
            .map(({ at }): Found => ({ places: [at], says: "A response gets X-XSS-Protection." })),
        ),
      ),
    ],
  },
  {
    id: "trap-forwarded-for-appended",
    severity: "warning",
    title: "What a client claims about itself is passed on",
    reason:
      "The client's own X-Forwarded-For stays in front of the real address: who reads the first one, in logs, limits and bans, reads an invention.",
    arithmetic:
      "At the edge nginx sets X-Forwarded-For to `$remote_addr` (behind another proxy with set_real_ip_from), HAProxy by `http-request set-header X-Forwarded-For %[src]`",
    fix: "nginx: proxy_set_header X-Forwarded-For $remote_addr; HAProxy: http-request set-header X-Forwarded-For %[src].",
    example: {
      kind: "nginx",
      broken: location(
        "proxy_set_header Host $host; proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for; proxy_set_header X-Forwarded-Proto $scheme;",
      ),
      mended: location(headers),
    },
    find: ({ nginx, haproxy }) => [
      ...nginx.flatMap(({ all, root }) =>
        all
          .filter(
            ({ name, args, parent }) =>
              name === "proxy_set_header" &&
              claims.test(args.slice(1).join(" ")) &&
              nearest(parent, root, "set_real_ip_from")?.length === 0,
          )
          .map(
            ({ at, args }): Found => ({
              places: [at],
              says: `${args.join(" is ")}, and no proxy in front is named (set_real_ip_from).`,
            }),
          ),
      ),
      ...haproxy.flatMap(({ proxies }) => {
        const ways = proxies.filter(({ section }) => linesOf(section, "bind").length > 0);
        return proxies.flatMap(({ section }): Found[] => {
          const adds = optionOf(section, "forwardfor");
          const inFront = section.kind === "backend" ? ways : ways.filter((way) => way.section === section);
          const cleared = inFront.length > 0 && inFront.every((way) => clearsForwardedFor(way.section));
          if (adds === undefined || cleared || clearsForwardedFor(section)) return [];
          return [{ places: [adds.at], says: "option forwardfor adds the address behind whatever the client sent." }];
        });
      }),
    ],
  },
];
