import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { without } from "../shared/programs.ts";
import { allRendered, render } from "../support/kubernetes/kustomize.ts";
import { createNetwork, type Party } from "./network-policies.ts";

const haven = { pod: "haven-api-deployment" };
const migration = { pod: "haven-api-migrate" };
const gateway = { namespace: { "kubernetes.io/metadata.name": "gateway", "haven-ingress": "allowed" } };
const prometheus = { namespace: { "kubernetes.io/metadata.name": "monitoring" } };
const dns = { namespace: { "kubernetes.io/metadata.name": "kube-system" } };
const otherNamespace = { namespace: { "kubernetes.io/metadata.name": "default" } };
const inside = { address: "10.20.30.40" };
const outside = { address: "203.0.113.9" };
// The metadata endpoint of a cloud returns credentials to any client.
const metadata = { address: "169.254.169.254" };

type Row = readonly [connection: string, from: Party, to: Party, port: number, isAllowed: boolean];

const commonRows: readonly Row[] = [
  ["from the gateway to the API", gateway, haven, 4000, true],
  ["from the gateway to the management port", gateway, haven, 4001, false],
  ["from Prometheus to the management port", prometheus, haven, 4001, true],
  ["from Prometheus to the API", prometheus, haven, 4000, false],
  ["from another namespace to the API", otherNamespace, haven, 4000, false],
  ["from another namespace to the management port", otherNamespace, haven, 4001, false],
  ["from the gateway to the migration", gateway, migration, 4000, false],
  ["from an instance to DNS", haven, dns, 53, true],
  ["from the migration to DNS", migration, dns, 53, true],
  ["to another port of the namespace of DNS", haven, dns, 443, false],
  ["from an instance to Postgres", haven, inside, 5432, true],
  ["from an instance to Redis", haven, inside, 6379, true],
  ["to another port of an internal address", haven, inside, 443, false],
  ["from the migration to Postgres", migration, inside, 5432, true],
  ["from the migration to Redis", migration, inside, 6379, false],
  ["to Postgres at an external address", haven, outside, 5432, false],
  ["to the internet", haven, outside, 443, false],
  ["to the metadata endpoint of the cloud", haven, metadata, 80, false],
  ["to another namespace", haven, otherNamespace, 5432, false],
  ["from one instance to another", haven, haven, 4000, false],
];

const localRows: readonly Row[] = [
  ["from an instance to Postgres", haven, { pod: "postgres" }, 5432, true],
  ["from the migration to Postgres", migration, { pod: "postgres" }, 5432, true],
  ["from an instance to Redis", haven, { pod: "redis" }, 6379, true],
  ["from the migration to Redis", migration, { pod: "redis" }, 6379, false],
  ["from another namespace to Postgres", otherNamespace, { pod: "postgres" }, 5432, false],
  ["from the gateway to Redis", gateway, { pod: "redis" }, 6379, false],
  ["from Postgres to the internet", { pod: "postgres" }, outside, 443, false],
  ["from Redis to Postgres", { pod: "redis" }, { pod: "postgres" }, 5432, false],
];

const awsRows: readonly Row[] = [
  ["from the load balancer to the API", { address: "10.0.7.7" }, haven, 4000, true],
  ["from the load balancer to the management port", { address: "10.0.7.7" }, haven, 4001, false],
  ["from the internet to the API", outside, haven, 4000, false],
];

suite("allowed connections", { skip: without("kubectl") }, () => {
  for (const name of allRendered) {
    const own = name === "overlays/local" ? localRows : name === "overlays/aws" ? awsRows : [];
    test(`k8s/${name}: exactly the required connections are allowed`, () => {
      const network = createNetwork(render(name));
      for (const [connection, from, to, port, isAllowed] of [...commonRows, ...own])
        assert.equal(network.allows({ from, to, port }), isAllowed, `${connection}, ${port}`);
      for (const from of [haven, migration])
        assert.ok(
          network.allows({ from, to: dns, port: 53, protocol: "UDP" }) &&
            !network.allows({ from, to: inside, port: 5432, protocol: "UDP" }),
        );
    });
  }
});
