import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { fitsInto, memoryBudget } from "../../src/config/memory-budget.ts";
import { without } from "../shared/programs.ts";
import { allRendered, render } from "../support/kubernetes/kustomize.ts";
import { configOf, environmentOf, find, havenPod, podsOf } from "../support/kubernetes/pods.ts";

suite("restrictions of pods", { skip: without("kubectl") }, () => {
  for (const name of allRendered) {
    test(`k8s/${name}: pods are restricted, and their memory is enough for the worst case`, () => {
      const objects = render(name);
      const pods = podsOf(objects);
      assert.ok(pods.length >= 2);
      for (const { container, name: pod, ...spec } of pods) {
        assert.equal(spec.securityContext["runAsNonRoot"], true, pod);
        assert.deepEqual(spec.securityContext["seccompProfile"], { type: "RuntimeDefault" }, pod);
        assert.deepEqual(
          container.securityContext,
          { allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, capabilities: { drop: ["ALL"] } },
          pod,
        );
        assert.equal(spec.automountServiceAccountToken, false, pod);
        // Otherwise a Service named `redis` would set REDIS_PORT to a URL.
        assert.equal(spec.enableServiceLinks, false, pod);
        assert.ok(container.resources.requests["cpu"]);
        assert.equal(container.resources.limits["cpu"], undefined, `${pod} has no limit of CPU`);
        assert.ok(container.resources.limits["memory"], pod);
        if (pod.startsWith("haven-api")) {
          assert.ok(container.resources.requests["ephemeral-storage"], pod);
          assert.ok(container.resources.limits["ephemeral-storage"], pod);
        }
        assert.match(container.image, /:\d+\.\d+/, `${pod} has a pinned image`);
        for (const mount of container.volumeMounts) {
          const claims = /postgres/.test(pod) ? ["data"] : [];
          assert.ok([...spec.volumes.map((volume) => volume.name), ...claims].includes(mount.name));
        }
      }
      const { container } = havenPod(objects);
      const heap = /^--max-old-space-size=(\d+)$/.exec(environmentOf(havenPod(objects), objects)["NODE_OPTIONS"] ?? "");
      const memory = /^(\d+)Mi$/.exec(container.resources.limits["memory"] ?? "");
      const { photos } = configOf(objects);
      const worstCase = {
        heapMiB: Number(heap?.[1]),
        maxBytesHeldByUploads: photos.maxBufferedBytes,
        imagesAtOnce: photos.images.maxConcurrent,
      };
      assert.ok(fitsInto(Number(memory?.[1]), worstCase), JSON.stringify(memoryBudget(worstCase)));
      assert.ok(container.volumeMounts.some(({ mountPath }) => mountPath === "/tmp"));
      const namespace = find(objects, "Namespace", "haven").metadata["labels"];
      assert.equal(Reflect.get(Object(namespace), "pod-security.kubernetes.io/enforce"), "restricted");
    });
  }
});
