import { isPartlyUnread, nearest } from "../readers/nginx-syntax.ts";
import type { Rule } from "../rule.ts";
import { eachRoute } from "./each.ts";
import { headers, location } from "./samples.ts";

const flags = `${headers} proxy_set_header Cookie $http_cookie; proxy_cookie_path / "/; Secure; HttpOnly";`;

export const nginxAffinityTraps: readonly Rule[] = [
  {
    id: "trap-nginx-cookie-no-affinity",
    severity: "warning",
    title: "Cookies that are passed on and get flags bind nobody to an instance",
    reason:
      "nginx passes cookies on anyway, and their flags choose no server: who counts on coming back to the same instance comes to another one.",
    arithmetic:
      "Where `proxy_set_header Cookie $http_cookie` stands beside `proxy_cookie_path` or `proxy_cookie_flags`, the upstream has hash or ip_hash",
    fix: "Write hash $cookie_… consistent; in the upstream, or remove both if nobody has to come back.",
    example: {
      kind: "nginx",
      broken: location(flags),
      mended: location(flags, "", "hash $cookie_route consistent;"),
    },
    find: eachRoute(({ block, upstream }, { root }) => {
      const passed = nearest(block, root, "proxy_set_header")?.find(
        ({ args }) => args[0]?.toLowerCase() === "cookie" && args[1] === "$http_cookie",
      );
      const flagged = ["proxy_cookie_path", "proxy_cookie_flags"].flatMap((name) => nearest(block, root, name) ?? []);
      if (passed === undefined || flagged[0] === undefined || upstream === undefined) return [];
      const binds =
        upstream.block.children?.some(({ name }) => /^(?:hash|ip_hash|sticky)$/.test(name)) ||
        isPartlyUnread(upstream.block.children);
      if (binds || upstream.servers.length < 2) return [];
      return [
        {
          places: [passed.at, flagged[0].at],
          says: `The upstream ${upstream.name} takes any server, whatever the cookies say.`,
        },
      ];
    }),
  },
];
