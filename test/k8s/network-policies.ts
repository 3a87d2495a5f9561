import { z } from "zod";
import type { ClusterObject } from "../support/kubernetes/kustomize.ts";
import { podsOf } from "../support/kubernetes/pods.ts";
import { labelMap, selectorMatches } from "../support/kubernetes/selectors.ts";

// Evaluates the network policies as a network plugin does.

const selector = z.strictObject({ matchLabels: labelMap.optional() });
const peer = z.strictObject({
  podSelector: selector.optional(),
  namespaceSelector: selector.optional(),
  ipBlock: z.strictObject({ cidr: z.string() }).optional(),
});
const ports = z
  .array(z.strictObject({ protocol: z.enum(["TCP", "UDP"]), port: z.union([z.string(), z.number()]) }))
  .optional();
const policy = z.looseObject({
  spec: z.strictObject({
    podSelector: selector,
    policyTypes: z.array(z.enum(["Ingress", "Egress"])),
    ingress: z.array(z.strictObject({ from: z.array(peer).optional(), ports })).default([]),
    egress: z.array(z.strictObject({ to: z.array(peer).optional(), ports })).default([]),
  }),
});

/** A workload of Haven, a pod of another namespace, or an address. */
export type Party = { pod: string } | { namespace: Record<string, string> } | { address: string };
type Flow = { from: Party; to: Party; port: number; protocol?: "TCP" | "UDP" };
type Peers = readonly z.infer<typeof peer>[] | undefined;

export function createNetwork(objects: readonly ClusterObject[]) {
  const policies = objects.filter(({ kind }) => kind === "NetworkPolicy").map((object) => policy.parse(object).spec);
  const podOf = (name: string) => {
    const found = podsOf(objects).find((pod) => pod.name.startsWith(name));
    if (found === undefined) throw new Error(`no object creates pods named ${name}`);
    return found;
  };

  const selects = ({ matchLabels = {} }: z.infer<typeof selector>, labels: Record<string, string>) =>
    selectorMatches(matchLabels, labels);

  const isSelected = (peers: Peers, party: Party): boolean =>
    peers === undefined ||
    peers.some(({ podSelector, namespaceSelector, ipBlock }) => {
      if ("address" in party) return ipBlock !== undefined && isInside(party.address, ipBlock.cidr);
      if ("pod" in party)
        return (
          podSelector !== undefined && namespaceSelector === undefined && selects(podSelector, podOf(party.pod).labels)
        );
      return (
        namespaceSelector !== undefined && podSelector === undefined && selects(namespaceSelector, party.namespace)
      );
    });

  const isPort = (allowedPorts: z.infer<typeof ports>, { to, port, protocol = "TCP" }: Flow): boolean =>
    allowedPorts === undefined ||
    allowedPorts.some((one) => one.protocol === protocol && numberOf(one.port, to) === port);

  const numberOf = (port: string | number, to: Party) =>
    typeof port === "number" || !("pod" in to)
      ? port
      : podOf(to.pod).container.ports.find(({ name }) => name === port)?.containerPort;

  function isAllowed(kind: "Ingress" | "Egress", party: Party, matches: (spec: (typeof policies)[number]) => boolean) {
    if (!("pod" in party)) return true;
    const applicable = policies.filter(
      (spec) => spec.policyTypes.includes(kind) && selects(spec.podSelector, podOf(party.pod).labels),
    );
    return applicable.length === 0 || applicable.some(matches);
  }

  return {
    allows: (flow: Flow): boolean =>
      isAllowed("Egress", flow.from, ({ egress }) =>
        egress.some((rule) => isSelected(rule.to, flow.to) && isPort(rule.ports, flow)),
      ) &&
      isAllowed("Ingress", flow.to, ({ ingress }) =>
        ingress.some((rule) => isSelected(rule.from, flow.from) && isPort(rule.ports, flow)),
      ),
  };
}

function isInside(address: string, cidr: string): boolean {
  const [base = "", bits = ""] = cidr.split("/");
  const shift = 32 - Number(bits);
  return Math.floor(numberIn(address) / 2 ** shift) === Math.floor(numberIn(base) / 2 ** shift);
}

const numberIn = (address: string): number => address.split(".").reduce((sum, part) => sum * 256 + Number(part), 0);
