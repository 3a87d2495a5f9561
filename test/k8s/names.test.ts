import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { z } from "zod";
import { without } from "../shared/programs.ts";
import { autoscaler } from "../support/kubernetes/autoscaler.ts";
import { allRendered, render } from "../support/kubernetes/kustomize.ts";
import { find, havenPod, podsOf } from "../support/kubernetes/pods.ts";
import { labelMap, selectorMatches, selectorSchema, service } from "../support/kubernetes/selectors.ts";

suite("references between objects", { skip: without("kubectl") }, () => {
  for (const name of allRendered) {
    test(`k8s/${name}: every referenced name exists`, () => {
      const objects = render(name);
      const keys = objects.map(({ kind, metadata }) => `${kind} ${metadata.name}`);
      assert.equal(new Set(keys).size, keys.length);
      for (const { kind, metadata } of objects)
        if (!["Namespace", "PriorityClass"].includes(kind))
          assert.equal(metadata.namespace, "haven", `${kind} ${metadata.name}`);
      for (const { labels, name: pod } of podsOf(objects)) {
        const object = objects.find(({ metadata, kind }) => metadata.name === pod && kind !== "Service");
        const { spec } = selectorSchema.parse(object);
        if (object?.kind !== "Job") assert.ok(spec.selector && selectorMatches(spec.selector.matchLabels, labels), pod);
      }
      for (const { metadata, spec } of objects
        .filter(({ kind }) => kind === "Service")
        .map((one) => service.parse(one))) {
        const selectedPods = podsOf(objects).filter(({ labels }) => selectorMatches(spec.selector, labels));
        assert.equal(selectedPods.length, 1, `${metadata.name} is for the pods of one workload`);
        for (const { targetPort } of spec.ports)
          assert.ok(
            selectedPods[0]?.container.ports.some((port) => port.name === targetPort),
            metadata.name,
          );
      }
      for (const object of objects.filter(({ kind }) => kind === "NetworkPolicy")) {
        const { spec } = policy.parse(object);
        const selectedPods = podsOf(objects).filter(({ labels }) =>
          selectorMatches(spec.podSelector.matchLabels, labels),
        );
        assert.ok(selectedPods.length > 0, object.metadata.name);
        for (const port of (spec.ingress ?? []).flatMap((rule) => rule.ports ?? []))
          assert.ok(
            selectedPods.every(({ container }) => container.ports.some((one) => one.name === port.port)),
            object.metadata.name,
          );
      }
      const { target } = autoscaler(objects);
      assert.deepEqual(target, { apiVersion: "apps/v1", kind: "Deployment", name: "haven-api-deployment" });
      const budget = selectorSchema.parse(find(objects, "PodDisruptionBudget", "haven-api-pdb")).spec;
      assert.deepEqual(budget.selector?.matchLabels, { app: "haven-api" });
      assert.equal(budget["maxUnavailable"], 1);
      find(objects, "ServiceAccount", havenPod(objects).serviceAccountName ?? "");
    });
  }

  test("in production, pods have the priority class of the overlay, and are spread over nodes", () => {
    const objects = render("overlays/production");
    const { template } = z
      .looseObject({
        template: z.looseObject({
          spec: z.looseObject({
            priorityClassName: z.string(),
            topologySpreadConstraints: z.array(
              z.looseObject({ topologyKey: z.string(), whenUnsatisfiable: z.string() }),
            ),
          }),
        }),
      })
      .parse(Reflect.get(find(objects, "Deployment", "haven-api-deployment"), "spec"));
    find(objects, "PriorityClass", template.spec.priorityClassName);
    assert.deepEqual(
      template.spec.topologySpreadConstraints.map((one) => [one.topologyKey, one.whenUnsatisfiable]),
      [
        ["topology.kubernetes.io/zone", "ScheduleAnyway"],
        ["kubernetes.io/hostname", "DoNotSchedule"],
      ],
    );
  });

  test("network policies deny every connection that no rule allows", () => {
    for (const name of allRendered) {
      const deny = policy.parse(find(render(name), "NetworkPolicy", "deny-by-default")).spec;
      assert.deepEqual(deny, { podSelector: {}, policyTypes: ["Ingress", "Egress"] });
    }
  });
});

const policy = z.looseObject({
  spec: z.looseObject({
    podSelector: z.looseObject({ matchLabels: labelMap.optional() }),
    ingress: z
      .array(z.looseObject({ ports: z.array(z.looseObject({ port: z.union([z.string(), z.number()]) })).optional() }))
      .optional(),
  }),
});
