import { type ConfigNumber, formatNumber, size } from "../../facts/config-values.ts";
import { bytes } from "../../facts/units.ts";
import { enclosingBlock } from "../../readers/nginx/nginx.ts";
import { type Directive, effectiveDirectives } from "../../readers/nginx/nginx-syntax.ts";
import type { Rule, Violation } from "../../rule.ts";
import { eachRoute } from "../for-each.ts";

const uploadPath = /upload|import|attachment|(?:^|\/)(?:media|photos?|images?|files?|avatars?|documents?)(?:\/|$)/i;

const server = (lines: string) =>
  `server {\n  client_max_body_size 20m;\n  location / { proxy_pass http://api:4000; }\n  location /upload {\n    ${lines}\n    proxy_pass http://api:4000;\n  }\n}\n`;

function limitOf(block: Directive | undefined, root: readonly Directive[]): ConfigNumber | undefined {
  const [found] = effectiveDirectives(block, root, "client_max_body_size") ?? [];
  const value = bytes(found?.args[0] ?? "");
  return found === undefined || value === undefined ? undefined : size("client_max_body_size", value, found.at);
}

export const uploadLocationRules: readonly Rule[] = [
  {
    id: "budget-upload-location",
    severity: "warning",
    confidence: "medium",
    title: "The location for uploads accepts less than the rest of the server",
    impact: "Uploads fail with the proxy's own 413 page, although the limit of the server was raised for them.",
    condition:
      "`client_max_body_size` of a location that is named after uploads ≥ `client_max_body_size` of its server, if a file sets both",
    fix: "Move the larger limit into the location for uploads.",
    example: { kind: "nginx", broken: server("client_max_body_size 2m;"), fixed: server("client_max_body_size 50m;") },
    find: eachRoute(({ block }, { root }): Violation[] => {
      const place = enclosingBlock(block, "location");
      if (place === undefined || !uploadPath.test(place.args.at(-1) ?? "")) return [];
      const own = limitOf(place, root);
      const outer = limitOf(place.parent, root);
      if (own === undefined || outer === undefined || own.value === 0) return [];
      if (outer.value !== 0 && own.value >= outer.value) return [];
      return [
        {
          numbers: [own, outer],
          message: `location ${place.args.join(" ")} accepts ${formatNumber(own)}, and its server ${outer.value === 0 ? "any size" : formatNumber(outer)}.`,
        },
      ];
    }),
  },
];
