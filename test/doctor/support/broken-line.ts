import * as bases from "./valid-configs.ts";

/** What is wrong, which text it is in, the line that is changed, what it becomes, and the line to be named if another. */
export type BrokenLine = readonly [rule: string, base: Base, from: string, to: string, at?: string];
export type Base = keyof typeof all;

export const all = {
  nginx: { kind: "nginx", alongside: { settings: bases.settings }, text: bases.nginx },
  haproxy: { kind: "haproxy", alongside: { settings: bases.settings }, text: bases.haproxy },
  kubernetes: { kind: "kubernetes", alongside: {}, text: bases.kubernetes },
  albIngress: { kind: "kubernetes", alongside: {}, text: bases.albIngress },
  compose: { kind: "compose", alongside: {}, text: bases.compose },
  alb: { kind: "alb", alongside: {}, text: bases.alb },
  render: { kind: "render", alongside: {}, text: bases.render },
  railway: { kind: "railway", alongside: {}, text: bases.railway },
  prometheus: { kind: "prometheus", alongside: {}, text: bases.prometheus },
  settings: { kind: "settings", alongside: { nginx: bases.nginx, haproxy: bases.haproxy }, text: bases.settings },
} as const;
