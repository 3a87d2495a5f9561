import { elbTypes, ofType } from "../../readers/cloudformation/cloudformation.ts";
import { mentions } from "../../readers/cloudformation/template-values.ts";
import { objectsOfKind } from "../../readers/kubernetes/cluster-objects.ts";
import { annotation, controllerOf } from "../../readers/kubernetes/ingress.ts";
import { get, text } from "../../readers/yaml-tree.ts";
import type { Rule, Violation } from "../../rule.ts";
import { alb, ingress } from "../example-files.ts";
import { eachCluster } from "../for-each.ts";

const fargate = `${alb()}  Task:
    Type: AWS::ECS::TaskDefinition
    Properties: { NetworkMode: awsvpc, ContainerDefinitions: [{ Name: api, Image: "api:1.0" }] }
  Service:
    Type: AWS::ECS::Service
    Properties:
      TaskDefinition: !Ref Task
      LoadBalancers: [{ ContainerName: api, ContainerPort: 4000, TargetGroupArn: !Ref Targets }]
`;

export const albTargetRules: readonly Rule[] = [
  {
    id: "trap-alb-target-type",
    severity: "error",
    title: "The target group cannot register the tasks of the service",
    impact:
      "A task with the network mode awsvpc, as on Fargate, has an address of its own and no instance: the deployment of the service fails.",
    condition:
      "`TargetType: ip` (default `instance`) in each target group of an ECS service whose task has `NetworkMode: awsvpc`",
    fix: "Set TargetType: ip.",
    example: { kind: "alb", broken: fargate.replace("      TargetType: ip\n", ""), fixed: fargate },
    find: ({ templates }) =>
      templates.flatMap((template) =>
        ofType(template, `${elbTypes}TargetGroup`).flatMap(([name, group]): Violation[] => {
          const type = get(group, "Properties", "TargetType");
          if (type !== undefined && text(type) !== "instance") return [];
          const tasks = ofType(template, "AWS::ECS::Service")
            .filter(([, service]) => mentions(get(service, "Properties", "LoadBalancers"), name))
            .flatMap(([, service]) =>
              ofType(template, "AWS::ECS::TaskDefinition").filter(([task]) => mentions(service, task)),
            );
          if (!tasks.some(([, task]) => text(task, "Properties", "NetworkMode") === "awsvpc")) return [];
          return [{ places: [type?.at ?? group.at], message: `The target group ${name} has the type instance.` }];
        }),
      ),
  },
  {
    id: "trap-alb-ingress-target",
    severity: "warning",
    title: "The ALB checks nodes instead of pods",
    impact:
      "A draining or failing pod stays in rotation behind the address of its node: users get 502 at every release.",
    condition: "`alb.ingress.kubernetes.io/target-type: ip` (default `instance`)",
    fix: "Set alb.ingress.kubernetes.io/target-type: ip.",
    example: {
      kind: "kubernetes",
      broken: ingress("alb.ingress.kubernetes.io/scheme: internal").replace("nginx", "alb"),
      fixed: ingress("alb.ingress.kubernetes.io/target-type: ip").replace("nginx", "alb"),
    },
    find: eachCluster(({ manifests }) =>
      objectsOfKind(manifests.objects, "Ingress").flatMap((ingressObject): Violation[] => {
        const targetType = annotation(ingressObject, "alb.ingress.kubernetes.io/target-type");
        if (controllerOf(ingressObject) !== "alb" || text(targetType) === "ip") return [];
        return [
          {
            places: [targetType?.at ?? get(ingressObject, "metadata", "name")?.at ?? ingressObject.at],
            message: `The target type is ${text(targetType) ?? "not set, so it is instance"}.`,
          },
        ];
      }),
    ),
  },
  {
    id: "trap-alb-readiness-gate",
    severity: "warning",
    title: "A release may be faster than the ALB registers pods",
    impact:
      "New pods are ready before the ALB sends requests to them, and the old pods are gone by then: users get 503.",
    condition:
      "With target-type ip a namespace in the files has the label `elbv2.k8s.aws/pod-readiness-gate-inject: enabled`. Without a namespace in the files the rule does not apply",
    fix: "Add the label to the namespace.",
    example: {
      kind: "kubernetes",
      broken: `${ingress("alb.ingress.kubernetes.io/target-type: ip").replace("nginx", "alb")}---\napiVersion: v1\nkind: Namespace\nmetadata: { name: api }\n`,
      fixed: `${ingress("alb.ingress.kubernetes.io/target-type: ip").replace("nginx", "alb")}---\napiVersion: v1\nkind: Namespace\nmetadata: { name: api, labels: { elbv2.k8s.aws/pod-readiness-gate-inject: enabled } }\n`,
    },
    find: eachCluster(({ manifests }) => {
      const hasReadinessGate = objectsOfKind(manifests.objects, "Namespace").some(
        (one) => text(one, "metadata", "labels", "elbv2.k8s.aws/pod-readiness-gate-inject") === "enabled",
      );
      if (hasReadinessGate || objectsOfKind(manifests.objects, "Namespace").length === 0) return [];
      return objectsOfKind(manifests.objects, "Ingress").flatMap((ingressObject): Violation[] => {
        const targetType = annotation(ingressObject, "alb.ingress.kubernetes.io/target-type");
        if (targetType === undefined || text(targetType) !== "ip" || controllerOf(ingressObject) !== "alb") return [];
        return [
          { places: [targetType.at], message: "No namespace in the files lets pods wait for the load balancer." },
        ];
      });
    }),
  },
];
