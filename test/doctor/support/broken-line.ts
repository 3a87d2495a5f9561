import * as bases from "./bases.ts";

/** What is wrong, which text it is in, the line that is changed, what it becomes, and the line to be named if another. */
export type BrokenLine = readonly [rule: string, base: Base, from: string, to: string, at?: string];
export type Base = keyof typeof all;

export const all = {
  nginx: { kind: "nginx", beside: { settings: bases.settings }, text: bases.nginx },
  haproxy: { kind: "haproxy", beside: { settings: bases.settings }, text: bases.haproxy },
  kubernetes: { kind: "kubernetes", beside: {}, text: bases.kubernetes },
  albIngress: { kind: "kubernetes", beside: {}, text: bases.albIngress },
  compose: { kind: "compose", beside: {}, text: bases.compose },
  alb: { kind: "alb", beside: {}, text: bases.alb },
  render: { kind: "render", beside: {}, text: bases.render },
  railway: { kind: "railway", beside: {}, text: bases.railway },
  prometheus: { kind: "prometheus", beside: {}, text: bases.prometheus },
  settings: { kind: "settings", beside: { nginx: bases.nginx, haproxy: bases.haproxy }, text: bases.settings },
} as const;
