import {
  holdsIn,
  type KnownVersion,
  type VersionFact,
  versionFacts,
  versionsBefore,
  versionsSince,
} from "../../facts/versions.ts";
import type { Line } from "../../readers/haproxy/haproxy-syntax.ts";
import type { Directive } from "../../readers/nginx/nginx-syntax.ts";
import type { Rule, Violation } from "../../rule.ts";
import { backend } from "../example-files.ts";

const nginxFeatures: readonly { fact: VersionFact; what: string; uses: (directive: Directive) => boolean }[] = [
  {
    fact: versionFacts.nginxHttp2,
    what: "`http2` as a directive",
    uses: ({ name, children }) => name === "http2" && children === undefined,
  },
  {
    fact: versionFacts.nginxResolve,
    what: "`resolve` of an upstream server",
    uses: ({ name, args, parent }) => name === "server" && parent?.name === "upstream" && args.includes("resolve"),
  },
];

const removedKeywords: readonly { fact: VersionFact; uses: (line: Line) => boolean }[] = [
  {
    fact: versionFacts.haproxyNoReqrep,
    uses: ({ words }) => /^(?:req|rsp)i?(?:add|rep|del|deny|allow|pass|tarpit|setbe)$/.test(words[0] ?? ""),
  },
  {
    fact: versionFacts.haproxyNoOldTimeouts,
    uses: ({ words }) => /^(?:cli|con|srv)timeout$/.test(words[0] ?? ""),
  },
  {
    fact: versionFacts.haproxyNoNbproc,
    uses: ({ words }) => (words[0] === "nbproc" && words[1] !== "1") || words[0] === "bind-process",
  },
];

const resolving = (version: string) =>
  `# nginx ${version}\nupstream api {\n  zone api 64k;\n  server app1:4000 resolve;\n}\n`;

export const proxyVersionRules: readonly Rule[] = [
  {
    id: "trap-nginx-newer-feature",
    severity: "error",
    title: "The version of nginx does not have a directive that the file uses",
    impact: "nginx does not start, or a reload is rejected and the old configuration stays in use unnoticed.",
    condition: `If a comment, an image tag or --versions states the version of NGINX, the file uses only features of that version: ${nginxFeatures.map(({ fact }) => `${fact.text} (${versionsSince(fact)})`).join("; ")}`,
    fix: "Upgrade nginx, or use what the version has: `listen 443 ssl http2`, and a variable in proxy_pass with a resolver.",
    example: { kind: "nginx", broken: resolving("1.26.0"), fixed: resolving("1.28.0") },
    find: ({ nginx, versions }) =>
      nginx.flatMap(({ all, version = versions.nginx }) =>
        version === undefined
          ? []
          : nginxFeatures.flatMap(({ fact, what, uses }) =>
              all
                .filter((directive) => uses(directive) && holdsIn(fact, version) === "no")
                .map(
                  ({ at }): Violation => ({
                    places: [at, version.at],
                    message: `${what} does not exist in ${versionsBefore(fact)}.`,
                  }),
                ),
            ),
      ),
  },
  {
    id: "trap-haproxy-removed-keyword",
    severity: "error",
    title: "HAProxy no longer has this keyword",
    impact: "HAProxy rejects the configuration: after an upgrade it does not start.",
    condition: `No keyword that is removed: ${removedKeywords.map(({ fact }) => `${fact.text} (${versionsSince(fact)})`).join("; ")}`,
    fix: "Use http-request and http-response set-header, replace-header and deny; timeout client, connect and server; nbthread.",
    example: {
      kind: "haproxy",
      broken: backend("reqadd X-Forwarded-Proto:\\ https\n  server app1 app1:4000 check"),
      fixed: backend("http-request set-header X-Forwarded-Proto https\n  server app1 app1:4000 check"),
    },
    find: ({ haproxy, versions }) =>
      haproxy.flatMap(({ sections, version = versions.haproxy }) =>
        sections.flatMap(({ lines }) =>
          lines.flatMap((line): Violation[] => {
            const removed = removedKeywords.find(({ uses }) => uses(line));
            return removed === undefined ? [] : removedIn(removed.fact, line, version);
          }),
        ),
      ),
  },
];

function removedIn(fact: VersionFact, { words, at }: Line, version: KnownVersion | undefined): Violation[] {
  const holds = holdsIn(fact, version);
  if (holds === "no") return [];
  const message = `\`${words[0] ?? ""}\` is removed from ${versionsSince(fact)}.`;
  return [holds === "yes" ? { places: [at], message } : { severity: "warning", places: [at], message }];
}
