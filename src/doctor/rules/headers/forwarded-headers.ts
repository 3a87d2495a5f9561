import type { Place } from "../../facts/config-values.ts";
import { effectiveLines, effectiveOption, linesOf } from "../../readers/haproxy/haproxy.ts";
import type { Section } from "../../readers/haproxy/haproxy-syntax.ts";
import { enclosingBlock, type Route } from "../../readers/nginx/nginx.ts";
import { type Directive, effectiveDirectives } from "../../readers/nginx/nginx-syntax.ts";
import type { Rule, Violation } from "../../rule.ts";
import { headers, location } from "../example-files.ts";
import { eachNginx, onePerFile } from "../for-each.ts";

/** Returns whether the section removes or replaces the client's X-Forwarded-For. */
const clearsForwardedFor = (section: Section): boolean =>
  effectiveLines(section).some(
    ({ words }) =>
      words[0] === "http-request" &&
      /^(?:set|del)-header$/.test(words[1] ?? "") &&
      words[2]?.toLowerCase() === "x-forwarded-for",
  );

/** Variables that contain the X-Forwarded-For header of the client. */
const clientForwardedFor = /\$\{?(?:proxy_add|http)_x_forwarded_for\b/;

/** Returns whether the target is probably a server of another organisation: it has a full host name and TLS. */
const leadsOutside = (target: string): boolean => /^https:\/\/[\w-]+(?:\.[\w-]+)+/.test(target);

type LostHeaders = { at: Place; missing: readonly string[]; disablesInherited: boolean };

/**
 * Returns the headers that a location does not pass. `disablesInherited` is true if the location would inherit headers, but
 * its own proxy_set_header disables the inheritance.
 */
function lostHeaders({ block, pass, isProbe }: Route, root: readonly Directive[]): LostHeaders[] {
  const set = effectiveDirectives(block, root, "proxy_set_header", { several: true });
  if (set === undefined || isProbe || leadsOutside(pass.args[0] ?? "")) return [];
  const names = new Set(set.map(({ args }) => (args[0] ?? "").toLowerCase().replace(/:$/, "")));
  const inherited = effectiveDirectives(block.parent, root, "proxy_set_header") ?? [];
  const isInherited = (name: string) => inherited.some(({ args }) => args[0]?.toLowerCase() === name.toLowerCase());
  const hasOwnHeaders = set[0]?.parent === block;
  const requiredHeaders = ["Host", "X-Forwarded-For", "X-Forwarded-Proto"].filter(
    (name) => name !== "X-Forwarded-Proto" || hasTlsListener(block) || (hasOwnHeaders && isInherited(name)),
  );
  const missing = requiredHeaders.filter((name) => !names.has(name.toLowerCase()));
  const disablesInherited = hasOwnHeaders && missing.some(isInherited);
  const at = disablesInherited && set[0] !== undefined ? set[0].at : pass.at;
  return missing.length === 0 ? [] : [{ at, missing, disablesInherited }];
}

/** Returns whether the server around the block has a listener with TLS, which makes X-Forwarded-Proto necessary. */
const hasTlsListener = (block: Directive): boolean =>
  enclosingBlock(block, "server")?.children?.some(({ name, args }) => name === "listen" && args.includes("ssl")) ??
  false;

const violationOf = ({ at, missing }: LostHeaders): Violation => ({
  severity: missing.includes("Host") ? "error" : "warning",
  places: [at],
  message: `${missing.join(", ")} ${missing.length > 1 ? "are" : "is"} not set here: the proxy_set_header in this location disables the inherited ones.`,
});

export const forwardedHeaderRules: readonly Rule[] = [
  {
    id: "trap-forwarded-for-appended",
    severity: "warning",
    offByDefault: "applications that read the last address, or count trusted proxies, are not affected",
    title: "The X-Forwarded-For header of the client is passed on",
    impact:
      "The value from the client stays in front of the real address: logs, rate limits and bans that read the first address use a forged one.",
    condition:
      "At the edge nginx sets X-Forwarded-For to `$remote_addr` (with set_real_ip_from if another proxy is in front), and HAProxy uses `http-request set-header X-Forwarded-For %[src]`",
    fix: "nginx: proxy_set_header X-Forwarded-For $remote_addr; HAProxy: http-request set-header X-Forwarded-For %[src].",
    example: {
      kind: "nginx",
      broken: location(
        "proxy_set_header Host $host; proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for; proxy_set_header X-Forwarded-Proto $scheme;",
      ),
      fixed: location(headers),
    },
    find: ({ nginx, haproxy }) => [
      ...nginx.flatMap(({ all, root }) =>
        all
          .filter(
            ({ name, args, parent }) =>
              name === "proxy_set_header" &&
              clientForwardedFor.test(args.slice(1).join(" ")) &&
              effectiveDirectives(parent, root, "set_real_ip_from")?.length === 0,
          )
          .map(
            ({ at, args }): Violation => ({
              places: [at],
              message: `${args.join(" is ")}, and no trusted proxy is configured (set_real_ip_from).`,
            }),
          ),
      ),
      ...haproxy.flatMap(({ proxies }) => {
        const frontends = proxies.filter(({ section }) => linesOf(section, "bind").length > 0);
        return proxies.flatMap(({ section }): Violation[] => {
          const forwardFor = effectiveOption(section, "forwardfor");
          const inFront =
            section.kind === "backend" ? frontends : frontends.filter((frontend) => frontend.section === section);
          const isCleared = inFront.length > 0 && inFront.every((frontend) => clearsForwardedFor(frontend.section));
          if (forwardFor === undefined || isCleared || clearsForwardedFor(section)) return [];
          return [
            { places: [forwardFor.at], message: "option forwardfor appends the address to the header of the client." },
          ];
        });
      }),
    ],
  },
  {
    id: "trap-nginx-headers-lost",
    severity: "error",
    title: "The application does not get the host or the client address of the request",
    impact:
      "Without Host the application gets the name of the upstream: redirects and links are wrong, and cookies and origin checks fail. Without X-Forwarded-For all clients have the address of the proxy, so that a rate limit affects all of them.",
    condition:
      "Each location that forwards requests has proxy_set_header for Host, X-Forwarded-For and, behind a listener with TLS, X-Forwarded-Proto. A proxy_set_header in a location disables all inherited ones. Probe locations, and `https` targets with a full host name, are ignored",
    fix: "Put all proxy_set_header directives into one file, and include it in each location that has a proxy_set_header.",
    example: {
      kind: "nginx",
      broken: `server {\n  ${headers}\n  location / {\n    proxy_set_header X-Real-IP $remote_addr;\n    proxy_pass http://api:4000;\n  }\n}\n`,
      fixed: `server {\n  ${headers}\n  location / {\n    proxy_pass http://api:4000;\n  }\n}\n`,
    },
    find: eachNginx((nginx) => {
      const lost = nginx.routes.flatMap((route) => lostHeaders(route, nginx.root));
      return [
        ...lost.filter(({ disablesInherited }) => disablesInherited).map(violationOf),
        ...onePerFile(
          lost.filter(({ disablesInherited }) => !disablesInherited),
          ({ at }) => at,
          (all) => ({
            severity: "warning",
            message: `${[...new Set(all.flatMap(({ missing }) => missing))].join(", ")} not set in ${all.length === 1 ? "this location" : `${all.length} locations`}.`,
          }),
        ),
      ];
    }),
  },
  {
    id: "trap-nginx-address-leak",
    severity: "warning",
    title: "A header discloses the addresses of the instances",
    impact: "Clients see the internal addresses and ports, after a retry those of several instances.",
    condition: "No add_header with `$upstream_addr`",
    fix: "Remove it. The log can contain $upstream_addr, and the application can send an opaque id.",
    example: {
      kind: "nginx",
      broken: location(`${headers} add_header X-Instance-ID $upstream_addr always;`),
      fixed: location(`${headers} add_header X-Cache $upstream_cache_status always;`),
    },
    find: eachNginx(({ all }) =>
      all
        .filter(({ name, args }) => name === "add_header" && args.some((arg) => /\$\{?upstream_addr\b/.test(arg)))
        .map(
          ({ at, args }): Violation => ({
            places: [at],
            message: `add_header ${args[0] ?? ""} contains $upstream_addr.`,
          }),
        ),
    ),
  },
];
