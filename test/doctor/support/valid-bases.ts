import * as valid from "./valid-configs.ts";

/** In the text of `base`, `from` is replaced by `to`. Then `rule` reports the line that contains `at`, or else `to`. */
export type BrokenLine = readonly [rule: string, base: Base, from: string, to: string, at?: string];
export type Base = keyof typeof validBases;

export const validBases = {
  nginx: { kind: "nginx", alongside: { settings: valid.settings }, text: valid.nginx },
  haproxy: { kind: "haproxy", alongside: { settings: valid.settings }, text: valid.haproxy },
  kubernetes: { kind: "kubernetes", alongside: {}, text: valid.kubernetes },
  albIngress: { kind: "kubernetes", alongside: {}, text: valid.albIngress },
  compose: { kind: "compose", alongside: {}, text: valid.compose },
  alb: { kind: "alb", alongside: {}, text: valid.alb },
  albInstances: { kind: "alb", alongside: {}, text: valid.albInstances },
  albFargate: { kind: "alb", alongside: {}, text: valid.albFargate },
  haproxyOnIpv6: {
    kind: "haproxy",
    alongside: { settings: valid.settings },
    text: valid.haproxy.replace("bind :80", "bind [::]:80 v4v6"),
  },
  composeWithProxy: { kind: "compose", alongside: { nginx: valid.nginx }, text: valid.composeWithAddresses },
  render: { kind: "render", alongside: {}, text: valid.render },
  railway: { kind: "railway", alongside: {}, text: valid.railway },
  pgbouncer: {
    kind: "pgbouncer",
    alongside: {
      compose: valid.composeWithAddresses.replaceAll(
        "DRAIN_DELAY_MS:",
        "DB_POOLER: transaction\n      DRAIN_DELAY_MS:",
      ),
    },
    text: valid.pgbouncer,
  },
  prometheus: { kind: "prometheus", alongside: {}, text: valid.prometheus },
  settings: { kind: "settings", alongside: { nginx: valid.nginx, haproxy: valid.haproxy }, text: valid.settings },
} as const;
