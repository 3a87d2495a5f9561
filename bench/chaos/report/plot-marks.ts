import type { Facts } from "../measure.ts";
import { seconds } from "../verdict.ts";
import { left, n, right, type Scale, text } from "./drawing.ts";
import type { Timeline } from "./timeline.ts";

export function drawAxis({ fromMs, toMs, states }: Timeline, x: Scale, y: number): string {
  const everyMs = toMs - fromMs > 30_000 ? 5000 : 2000;
  const withProxy = states.some(({ by }) => by === "proxy");
  const ticks = [text(left - 8, y + 15, withProxy ? "/ready; thin: HAProxy" : "as /ready says", "soft end")];
  for (let ms = Math.ceil(fromMs / everyMs) * everyMs; ms <= toMs - 500; ms += everyMs) {
    ticks.push(`<path class="edge" d="M${n(x(ms))} ${y}v4"/>${text(x(ms), y + 15, `${ms / 1000} s`, "soft middle")}`);
  }
  return ticks.join("");
}

export function drawMarkers({ noticed, wholeMs }: Facts, endMs: number, x: Scale, y: number): string[] {
  const seen = [noticed.probe, noticed.proxy].filter((ms) => ms !== undefined).sort((a, b) => a - b)[0];
  const marker = (ms: number, words: string, row: number) => {
    const flips = x(ms) > right - words.length * 6;
    return `<path class="pointer" d="M${n(x(ms))} ${y + row * 14 - 9}l4 8h-8z"/>${text(x(ms) + (flips ? -8 : 8), y + row * 14, words, flips ? "mark end" : "mark")}`;
  };
  return [
    ...(seen === undefined ? [] : [marker(seen, `detected after ${seconds(seen)}`, 0)]),
    ...(wholeMs === undefined ? [] : [marker(endMs + wholeMs, wellIn(wholeMs), 1)]),
  ];
}

const wellIn = (ms: number) => (ms === 0 ? "all well" : `all well again ${seconds(ms)} after the end`);

export function drawLegend(y: number): string {
  const entries = [
    ["answered", "answered"],
    ["late", "answered late (0.5 s or more) or after another try"],
    ["failed", "failed for good"],
  ] as const;
  let x = 16;
  const drawn = entries.map(([what, words]) => {
    const entry = `<rect class="${what}" x="${x}" y="${y - 8}" width="10" height="9"/>${text(x + 14, y, words, "soft")}`;
    x += 30 + words.length * 5.6;
    return entry;
  });
  for (const [what, words] of [
    ["slowest", "slowest"],
    ["median", "median"],
  ] as const) {
    drawn.push(`<path class="${what}" d="M${n(x)} ${y - 3}h16"/>${text(x + 20, y, words, "soft")}`);
    x += 32 + words.length * 6;
  }
  return drawn.join("");
}
