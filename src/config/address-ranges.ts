import { BlockList, isIP } from "node:net";
import { type AddressInterval, intervalOf, mappedIpv4 } from "../core/network/ip-address.ts";

/** Names that TRUST_PROXY accepts instead of CIDRs. */
export const namedRanges: Readonly<Record<string, readonly string[]>> = {
  loopback: ["127.0.0.0/8", "::1/128"],
  linklocal: ["169.254.0.0/16", "fe80::/10"],
  uniquelocal: ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7"],
};

export function isRange(range: string): boolean {
  const [address = "", prefix] = range.split("/");
  const family = isIP(address);
  // An address with a zone (`%eth0`) names a network interface of this machine, so it cannot be a range.
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

/**
 * Returns whether the ranges together are so wide that they include clients: more than 1/16 of IPv4 or 1/64 of IPv6.
 * The widest private ranges, 10.0.0.0/8 and fc00::/7, are 1/256 and 1/128.
 */
export function coversPublicInternet(ranges: readonly string[]): boolean {
  const merged = merge(ranges.map(intervalOf));
  const sizeWithin = (bounds: AddressInterval) =>
    merged.reduce((sum, interval) => {
      const first = interval.first > bounds.first ? interval.first : bounds.first;
      const last = interval.last < bounds.last ? interval.last : bounds.last;
      return last < first ? sum : sum + last - first + 1n;
    }, 0n);
  const allAddresses = { first: 0n, last: (1n << 128n) - 1n };
  return sizeWithin(mappedIpv4) > 1n << (32n - 4n) || sizeWithin(allAddresses) > 1n << (128n - 6n);
}

function merge(intervals: readonly AddressInterval[]): AddressInterval[] {
  const sorted = [...intervals].sort((a, b) => (a.first < b.first ? -1 : 1));
  const merged: AddressInterval[] = [];
  for (const { first, last } of sorted) {
    const previous = merged.at(-1);
    if (previous !== undefined && first <= previous.last) {
      if (last > previous.last) previous.last = last;
    } else merged.push({ first, last });
  }
  return merged;
}
