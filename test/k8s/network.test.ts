import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { without } from "../shared/programs.ts";
import { allRendered, render } from "../support/kustomize.ts";
import { createNetwork, type Party } from "./network-policies.ts";

const haven = { pod: "haven-api-deployment" };
const migration = { pod: "haven-api-migrate" };
const gateway = { namespace: { "kubernetes.io/metadata.name": "gateway", "haven-ingress": "allowed" } };
const prometheus = { namespace: { "kubernetes.io/metadata.name": "monitoring" } };
const dns = { namespace: { "kubernetes.io/metadata.name": "kube-system" } };
const stranger = { namespace: { "kubernetes.io/metadata.name": "default" } };
const inside = { address: "10.20.30.40" };
const outside = { address: "203.0.113.9" };
// the metadata endpoint of clouds returns credentials to any client
const metadata = { address: "169.254.169.254" };

type Row = readonly [who: string, from: Party, to: Party, port: number, lets: boolean];

const everywhere: readonly Row[] = [
  ["the gateway serves", gateway, haven, 4000, true],
  ["the gateway does not manage", gateway, haven, 4001, false],
  ["Prometheus scrapes", prometheus, haven, 4001, true],
  ["Prometheus does not serve", prometheus, haven, 4000, false],
  ["a stranger", stranger, haven, 4000, false],
  ["a stranger manages", stranger, haven, 4001, false],
  ["the gateway migrates", gateway, migration, 4000, false],
  ["names", haven, dns, 53, true],
  ["names for the migration", migration, dns, 53, true],
  ["more than names", haven, dns, 443, false],
  ["Postgres", haven, inside, 5432, true],
  ["Redis", haven, inside, 6379, true],
  ["anything else inside", haven, inside, 443, false],
  ["Postgres for the migration", migration, inside, 5432, true],
  ["Redis for the migration", migration, inside, 6379, false],
  ["Postgres of another application", haven, outside, 5432, false],
  ["the internet", haven, outside, 443, false],
  ["credentials of the machine", haven, metadata, 80, false],
  ["another namespace", haven, stranger, 5432, false],
  ["an instance asks another", haven, haven, 4000, false],
];

const local: readonly Row[] = [
  ["Postgres", haven, { pod: "postgres" }, 5432, true],
  ["Postgres for the migration", migration, { pod: "postgres" }, 5432, true],
  ["Redis", haven, { pod: "redis" }, 6379, true],
  ["Redis for the migration", migration, { pod: "redis" }, 6379, false],
  ["a stranger", stranger, { pod: "postgres" }, 5432, false],
  ["the gateway", gateway, { pod: "redis" }, 6379, false],
  ["Postgres calls", { pod: "postgres" }, outside, 443, false],
  ["Redis calls", { pod: "redis" }, { pod: "postgres" }, 5432, false],
];

const aws: readonly Row[] = [
  ["the load balancer", { address: "10.0.7.7" }, haven, 4000, true],
  ["the load balancer manages", { address: "10.0.7.7" }, haven, 4001, false],
  ["the rest of the internet", outside, haven, 4000, false],
];

suite("allowed connections", { skip: without("kubectl") }, () => {
  for (const name of allRendered) {
    const own = name === "overlays/local" ? local : name === "overlays/aws" ? aws : [];
    test(`k8s/${name}: exactly the required connections are allowed`, () => {
      const network = createNetwork(render(name));
      for (const [who, from, to, port, lets] of [...everywhere, ...own])
        assert.equal(network.lets({ from, to, port }), lets, `${who}, ${port}`);
      for (const from of [haven, migration])
        assert.ok(
          network.lets({ from, to: dns, port: 53, protocol: "UDP" }) &&
            !network.lets({ from, to: inside, port: 5432, protocol: "UDP" }),
        );
    });
  }
});
