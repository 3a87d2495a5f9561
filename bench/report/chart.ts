import { type Chart, figure } from "./outcome.ts";

const width = 760;
const rowHeight = 34;
const top = 46;
const labelWidth = 210;
const valueWidth = 120;

/** Bars show the median, lines the range. The chart has its own background, so that it is readable on dark pages. */
export function drawChart({ title, unit, bars }: Chart): string {
  const max = Math.max(...bars.map(({ spread }) => spread.max)) || 1;
  const x = (value: number) => labelWidth + (value / max) * (width - labelWidth - valueWidth);
  const height = top + bars.length * rowHeight + 34;
  const rows = bars.map(({ label, spread, ours }, index) => {
    const y = top + index * rowHeight;
    const middle = y + rowHeight / 2;
    const text = `${figure(spread.median, unit)} (${figure(spread.min, unit)} to ${figure(spread.max, unit)})`;
    return `  <g><title>${escaped(`${label}: ${text}`)}</title>
    <text x="${labelWidth - 10}" y="${middle + 4}" text-anchor="end"${ours ? ' font-weight="600"' : ""}>${escaped(label)}</text>
    <rect x="${labelWidth}" y="${y + 6}" width="${round(x(spread.median) - labelWidth)}" height="${rowHeight - 12}" rx="3" class="${ours ? "ours" : "other"}"/>
    <path d="M${round(x(spread.min))} ${middle}H${round(x(spread.max))}M${round(x(spread.min))} ${middle - 5}v10M${round(x(spread.max))} ${middle - 5}v10" class="spread"/>
    <text x="${round(x(spread.max)) + 10}" y="${middle + 4}">${escaped(figure(spread.median, unit))}</text></g>`;
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" role="img" aria-label="${escaped(title)}">
  <style>
    .card { fill: #fff; stroke: #dedfd9 }
    text { font: 13px system-ui, sans-serif; fill: #1c2530 } .title { font-size: 15px; font-weight: 600 }
    .note { font-size: 11.5px; fill: #5d6978 } .ours { fill: #0f766e } .other { fill: #94a3b8 }
    .spread { stroke: #1c2530; stroke-width: 1.2; fill: none }
    @media (prefers-color-scheme: dark) { .card { fill: #1a1d20; stroke: #30353a } text { fill: #e5e9ef } .note { fill: #9aa7b6 } .ours { fill: #2dd4bf }
      .other { fill: #64748b } .spread { stroke: #e5e9ef } }
  </style>
  <rect width="${width}" height="${height}" rx="8" class="card"/>
  <text x="12" y="24" class="title">${escaped(title)}</text>
${rows.join("\n")}
  <text x="${labelWidth}" y="${height - 12}" class="note">Bar: median of the rounds. Line: from the lowest to the highest.</text>
</svg>
`;
}

const round = (value: number): number => Math.round(value * 10) / 10;

const escaped = (text: string): string =>
  text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");
