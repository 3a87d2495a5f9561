import { BlockList, isIP } from "node:net";

/** Addresses that proxies connect from, as CIDRs or single addresses. */
export const namedRanges: Readonly<Record<string, readonly string[]>> = {
  loopback: ["127.0.0.0/8", "::1/128"],
  linklocal: ["169.254.0.0/16", "fe80::/10"],
  uniquelocal: ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7"],
};

export function isRange(range: string): boolean {
  const [address = "", prefix] = range.split("/");
  const family = isIP(address);
  // A zone names an interface of this machine, which a range cannot have.
  if (family === 0 || address.includes("%")) return false;
  return prefix === undefined || (/^\d{1,3}$/.test(prefix) && Number(prefix) <= (family === 4 ? 32 : 128));
}

export function toBlockList(ranges: readonly string[]): BlockList {
  const trusted = new BlockList();
  for (const range of ranges) {
    const [address = "", prefix] = range.split("/");
    const family = isIP(address) === 6 ? "ipv6" : "ipv4";
    trusted.addSubnet(address, Number(prefix ?? (family === "ipv6" ? 128 : 32)), family);
  }
  return trusted;
}

/** First and last address; IPv4 stands in IPv6 where it is mapped, at ::ffff:0:0/96, as sockets see it. */
type Interval = { first: bigint; last: bigint };

const mapped: Interval = { first: 0xffffn << 32n, last: (0xffffn << 32n) + 0xffff_ffffn };

export function intervalOf(range: string): Interval {
  const [address = "", prefix] = range.split("/");
  const isV4 = isIP(address) === 4;
  const bits = BigInt(isV4 ? 128 - 32 + Number(prefix ?? 32) : Number(prefix ?? 128));
  const size = 1n << (128n - bits);
  const value = isV4 ? mapped.first + valueOfV4(address) : valueOfV6(address);
  const first = (value / size) * size;
  return { first, last: first + size - 1n };
}

const valueOfV4 = (address: string): bigint =>
  address.split(".").reduce((value, part) => value * 256n + BigInt(part), 0n);

function valueOfV6(address: string): bigint {
  const [dotted] = /\d+\.\d+\.\d+\.\d+$/.exec(address) ?? [];
  const tail = dotted === undefined ? undefined : valueOfV4(dotted);
  const hex =
    dotted === undefined || tail === undefined
      ? address
      : `${address.slice(0, -dotted.length)}${(tail >> 16n).toString(16)}:${(tail & 0xffffn).toString(16)}`;
  const [head = "", rest] = hex.split("::");
  const groups = (text: string | undefined) => (text ? text.split(":") : []);
  const before = groups(head);
  const after = groups(rest);
  const zeros = Array.from({ length: 8 - before.length - after.length }, () => "0");
  return [...before, ...zeros, ...after].reduce((value, group) => value * 65_536n + BigInt(`0x${group}`), 0n);
}

/**
 * Whether so many addresses are covered that clients are among them: more than 1/16 of IPv4 or 1/64 of IPv6, however
 * the ranges are split. The widest ranges in use, 10.0.0.0/8 and fc00::/7, are 1/256 and 1/128.
 */
export function coversThePublic(ranges: readonly string[]): boolean {
  const merged = merge(ranges.map(intervalOf));
  const sizeWithin = (bounds: Interval) =>
    merged.reduce((sum, interval) => {
      const first = interval.first > bounds.first ? interval.first : bounds.first;
      const last = interval.last < bounds.last ? interval.last : bounds.last;
      return last < first ? sum : sum + last - first + 1n;
    }, 0n);
  const all = { first: 0n, last: (1n << 128n) - 1n };
  return sizeWithin(mapped) > 1n << (32n - 4n) || sizeWithin(all) > 1n << (128n - 6n);
}

function merge(intervals: readonly Interval[]): Interval[] {
  const sorted = [...intervals].sort((a, b) => (a.first < b.first ? -1 : 1));
  const merged: Interval[] = [];
  for (const { first, last } of sorted) {
    const previous = merged.at(-1);
    if (previous !== undefined && first <= previous.last) {
      if (last > previous.last) previous.last = last;
    } else merged.push({ first, last });
  }
  return merged;
}
