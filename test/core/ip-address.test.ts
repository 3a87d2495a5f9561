import assert from "node:assert/strict";
import { test } from "node:test";
import { intervalOf, networkOf, unmapIpv4 } from "../../src/core/network/ip-address.ts";

for (const [address, plain] of [
  ["192.0.2.1", "192.0.2.1"],
  ["::ffff:192.0.2.1", "192.0.2.1"],
  ["::FFFF:192.0.2.1", "192.0.2.1"],
  ["::ffff:c000:201", "192.0.2.1"],
  ["0:0:0:0:0:ffff:192.0.2.1", "192.0.2.1"],
  ["2001:db8::ffff:1", "2001:db8::ffff:1"],
  ["::ffff:0:192.0.2.1", "::ffff:0:192.0.2.1"],
  ["::ffff:garbage", "::ffff:garbage"],
  ["unknown", "unknown"],
] as const) {
  test(`the IPv4 form of ${address} is ${plain}`, () => assert.equal(unmapIpv4(address), plain));
}

for (const [address, network] of [
  ["192.0.2.1", "192.0.2.1"],
  ["::ffff:192.0.2.1", "192.0.2.1"],
  ["2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"],
  ["2001:db8::1", "2001:db8:0:0::/64"],
  ["::1", "0:0:0:0::/64"],
  ["fe80::1%eth0", "fe80:0:0:0::/64"],
  ["unknown", "unknown"],
] as const) {
  test(`${address} belongs to the network ${network}`, () => assert.equal(networkOf(address), network));
}

test("a CIDR of IPv4 and its IPv4-mapped form are one interval", () => {
  assert.deepEqual(intervalOf("10.0.0.0/8"), intervalOf("::ffff:10.0.0.0/104"));
  assert.deepEqual(intervalOf("10.1.2.3/8"), intervalOf("10.0.0.0/8"));
  assert.deepEqual(intervalOf("192.0.2.1"), { first: 0xffff_c000_0201n, last: 0xffff_c000_0201n });
});
