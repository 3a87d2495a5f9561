import type { Facts } from "../measure.ts";
import { seconds } from "../verdict.ts";
import { left, right, rounded, type Scale, text } from "./drawing.ts";
import type { Timeline } from "./timeline.ts";

export function drawAxis({ fromMs, toMs, states }: Timeline, x: Scale, y: number): string {
  const everyMs = toMs - fromMs > 30_000 ? 5000 : 2000;
  const withProxy = states.some(({ by }) => by === "proxy");
  const ticks = [text(left - 8, y + 15, withProxy ? "/ready; thin: HAProxy" : "as /ready reports", "soft end")];
  for (let ms = Math.ceil(fromMs / everyMs) * everyMs; ms <= toMs - 500; ms += everyMs) {
    ticks.push(
      `<path class="edge" d="M${rounded(x(ms))} ${y}v4"/>${text(x(ms), y + 15, `${ms / 1000} s`, "soft middle")}`,
    );
  }
  return ticks.join("");
}

export function drawMarkers({ detectedAfter, healthyAfterMs }: Facts, endMs: number, x: Scale, y: number): string[] {
  const detectedMs = [detectedAfter.probe, detectedAfter.proxy]
    .filter((ms) => ms !== undefined)
    .sort((a, b) => a - b)[0];
  const marker = (ms: number, label: string, row: number) => {
    const isLeftOfMark = x(ms) > right - label.length * 6;
    return `<path class="pointer" d="M${rounded(x(ms))} ${y + row * 14 - 9}l4 8h-8z"/>${text(x(ms) + (isLeftOfMark ? -8 : 8), y + row * 14, label, isLeftOfMark ? "mark end" : "mark")}`;
  };
  return [
    ...(detectedMs === undefined ? [] : [marker(detectedMs, `detected after ${seconds(detectedMs)}`, 0)]),
    ...(healthyAfterMs === undefined ? [] : [marker(endMs + healthyAfterMs, recoveryLabel(healthyAfterMs), 1)]),
  ];
}

const recoveryLabel = (ms: number) => (ms === 0 ? "all healthy" : `all healthy again ${seconds(ms)} after the end`);

export function drawLegend(y: number): string {
  const entries = [
    ["answered", "answered"],
    ["late", "answered late (0.5 s or more) or after a retry"],
    ["failed", "failed after all retries"],
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
    drawn.push(`<path class="${what}" d="M${rounded(x)} ${y - 3}h16"/>${text(x + 20, y, words, "soft")}`);
    x += 32 + words.length * 6;
  }
  return drawn.join("");
}
