import { isIP, isIPv6 } from "node:net";

export type AddressInterval = { first: bigint; last: bigint };

/** ::ffff:0:0/96. A socket that listens on IPv6 reports IPv4 clients with addresses of this range. */
export const mappedIpv4: AddressInterval = { first: 0xffffn << 32n, last: (0xffffn << 32n) + 0xffff_ffffn };

/**
 * Returns the dotted form of an IPv4-mapped IPv6 address, in whichever notation it is written. Other text is unchanged.
 */
export function unmapIpv4(address: string): string {
  if (!/:ffff:/i.test(address) || !isIPv6(address)) return address;
  const value = numberOf(address) - mappedIpv4.first;
  if (value < 0n || value > 0xffff_ffffn) return address;
  return [24n, 16n, 8n, 0n].map((shift) => (value >> shift) & 0xffn).join(".");
}

/** Returns the network that counts as one client: an IPv4 address, or the /64 of an IPv6 address. */
export function networkOf(address: string): string {
  const plain = unmapIpv4(address);
  if (!isIPv6(plain)) return plain;
  const value = numberOf(plain);
  const groups = [112n, 96n, 80n, 64n].map((shift) => ((value >> shift) & 0xffffn).toString(16));
  return `${groups.join(":")}::/64`;
}

/** Returns the interval of a CIDR or a single address. IPv4 addresses are converted to IPv4-mapped IPv6 addresses. */
export function intervalOf(range: string): AddressInterval {
  const [address = "", prefix] = range.split("/");
  const bits = BigInt(isIP(address) === 4 ? 128 - 32 + Number(prefix ?? 32) : Number(prefix ?? 128));
  const size = 1n << (128n - bits);
  const first = (numberOf(address) / size) * size;
  return { first, last: first + size - 1n };
}

/** Returns a valid address as a number. */
function numberOf(address: string): bigint {
  if (isIP(address) === 4) return mappedIpv4.first + numberOfIpv4(address);
  const [withoutZone = ""] = address.split("%");
  const [dotted] = /\d+\.\d+\.\d+\.\d+$/.exec(withoutZone) ?? [];
  const [head = "", tail] = (dotted === undefined ? withoutZone : withHexTail(withoutZone, dotted)).split("::");
  const groups = (text: string | undefined) => (text ? text.split(":") : []);
  const [before, after] = [groups(head), groups(tail)];
  const zeros = Array.from({ length: 8 - before.length - after.length }, () => "0");
  return [...before, ...zeros, ...after].reduce((value, group) => value * 65_536n + BigInt(`0x${group}`), 0n);
}

const numberOfIpv4 = (address: string): bigint =>
  address.split(".").reduce((value, part) => value * 256n + BigInt(part), 0n);

/** Rewrites a dotted tail in hexadecimal form: ::ffff:192.0.2.1 becomes ::ffff:c000:201. */
function withHexTail(address: string, dotted: string): string {
  const value = numberOfIpv4(dotted);
  return `${address.slice(0, -dotted.length)}${(value >> 16n).toString(16)}:${(value & 0xffffn).toString(16)}`;
}
