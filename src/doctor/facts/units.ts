const msOf = { us: 0.001, ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000, y: 31_536_000_000 };
type TimeUnit = keyof typeof msOf;

const bytesOf: Readonly<Record<string, number>> = {
  "": 1,
  k: 1024,
  m: 1024 ** 2,
  g: 1024 ** 3,
  t: 1024 ** 4,
  ki: 1024,
  mi: 1024 ** 2,
  gi: 1024 ** 3,
  ti: 1024 ** 4,
};

const isTimeUnit = (unit: string): unit is TimeUnit => Object.hasOwn(msOf, unit);

/** Parses `75s`, `1m30s`, `1m 30s` and `75000` into milliseconds. `bare` is the unit of a number without one. */
export function milliseconds(text: string, bare: TimeUnit): number | undefined {
  if (!/^\s*(?:\d+(?:\.\d+)?\s*[a-z]*\s*)+$/.test(text) || text.length > 40) return undefined;
  let sum = 0;
  for (const [, amount = "", unit = ""] of text.matchAll(/(\d+(?:\.\d+)?)\s*([a-z]*)/g)) {
    const name = unit === "" ? bare : unit;
    if (!isTimeUnit(name)) return undefined;
    sum += Number(amount) * msOf[name];
  }
  return sum;
}

/** Parses `5m`, `8k`, `1g`, `768Mi` and `5242880` into bytes. With `decimal` a bare `M` is a million, as in Kubernetes. */
export function bytes(text: string, { decimal = false } = {}): number | undefined {
  const [, amount, unit = ""] = /^\s*(\d+(?:\.\d+)?)\s*([a-z]{0,2})\s*$/i.exec(text) ?? [];
  if (amount === undefined) return undefined;
  if (decimal && /^[kMGT]$/.test(unit)) return Number(amount) * 1000 ** ("kMGT".indexOf(unit) + 1);
  const name = unit.toLowerCase().replace(/^b$/, "").replace(/b$/, "");
  const factor = Object.hasOwn(bytesOf, name) ? bytesOf[name] : undefined;
  return factor === undefined ? undefined : Number(amount) * factor;
}

/** Formats a time for people: `75 s`, `1.5 s`, `200 ms`, `2 h`. */
export function timeText(ms: number): string {
  if (ms > 0 && ms < 1000) return `${round(ms)} ms`;
  if (ms < 7_200_000) return `${round(ms / 1000)} s`;
  return `${round(ms / 3_600_000)} h`;
}

export function bytesText(count: number): string {
  if (count >= 1024 ** 3 && count % (1024 ** 3 / 4) === 0) return `${count / 1024 ** 3} GiB`;
  if (count >= 1024 ** 2 && count % 1024 ** 2 === 0) return `${count / 1024 ** 2} MiB`;
  return count >= 1_000_000 ? `${round(count / 1_000_000)} MB` : `${round(count)} bytes`;
}

const round = (value: number): number => Math.round(value * 10) / 10;
