import { ofType, type Template } from "../readers/cloudformation.ts";
import { mentions } from "../readers/template-values.ts";
import { get, list, type Tree, text } from "../readers/yaml.ts";
import type { Found, Rule } from "../rule.ts";
import { alb } from "./samples.ts";

const elb = "AWS::ElasticLoadBalancingV2::";

/** What a listener does with a request that no rule of its own takes. */
function actionOf(name: string, listener: Tree, template: Template): "serves" | "redirects" | "refuses" {
  const types = list(listener, "Properties", "DefaultActions").map((action) => text(action, "Type"));
  if (types.includes("redirect")) return "redirects";
  const forwards = ofType(template, `${elb}ListenerRule`).some(([, rule]) => mentions(rule, name));
  return types.length > 0 && types.every((type) => type === "fixed-response") && !forwards ? "refuses" : "serves";
}

/** Also where its protocol is not known. */
const isSecure = (listener: Tree): boolean => text(listener, "Properties", "Protocol") !== "HTTP";

export const cloudTraps: readonly Rule[] = [
  {
    id: "trap-alb-no-listener",
    severity: "error",
    title: "A load balancer that listens to nobody",
    reason: "Without a listener nothing reaches the instances, and the target group checks nothing.",
    arithmetic: "A template with a LoadBalancer and a TargetGroup has a Listener",
    fix: "Add an AWS::ElasticLoadBalancingV2::Listener for HTTPS.",
    example: { kind: "alb", broken: alb().replace(/ {2}Listener:\n.*\n.*\n/, ""), mended: alb() },
    find: ({ templates }) =>
      templates.flatMap((template): Found[] => {
        const [balancer] = ofType(template, `${elb}LoadBalancer`);
        const [group] = ofType(template, `${elb}TargetGroup`);
        if (balancer === undefined || group === undefined || ofType(template, `${elb}Listener`).length > 0) return [];
        return [{ places: [balancer[1].at], says: `${balancer[0]} has no listener.` }];
      }),
  },
  {
    id: "trap-alb-no-https",
    severity: "error",
    title: "Passwords travel in the clear",
    reason:
      "The load balancer serves plain HTTP: tokens, cookies and passwords can be read on the way, and cookies marked Secure are never sent.",
    arithmetic: "A listener for HTTPS; one for HTTP only redirects",
    fix: "Add an HTTPS listener, and let the one for HTTP redirect to it.",
    example: {
      kind: "alb",
      broken: alb().replace("Protocol: HTTPS, Port: 443", "Protocol: HTTP, Port: 80"),
      mended: alb(),
    },
    find: ({ templates }) =>
      templates.flatMap((template) =>
        ofType(template, `${elb}Listener`).flatMap(([name, listener]): Found[] => {
          const protocol = get(listener, "Properties", "Protocol");
          if (text(protocol) !== "HTTP") return [];
          const places = [protocol?.at ?? listener.at];
          const does = actionOf(name, listener, template);
          if (does === "serves") return [{ places, says: `The listener ${name} serves HTTP and redirects nobody.` }];
          if (does === "refuses" || ofType(template, `${elb}Listener`).some(([, other]) => isSecure(other))) return [];
          return [
            { severity: "warning", places, says: `The listener ${name} redirects, and no listener takes HTTPS.` },
          ];
        }),
      ),
  },
  {
    id: "trap-alb-target-type",
    severity: "error",
    title: "The target group is about machines and not about instances",
    reason:
      "Health and draining belong to each instance: behind a machine's address several share one, and tasks on Fargate cannot be registered at all.",
    arithmetic: "`TargetType: ip` (it is `instance` unless written)",
    fix: "Write TargetType: ip.",
    example: { kind: "alb", broken: alb().replace("      TargetType: ip\n", ""), mended: alb() },
    find: ({ templates }) =>
      templates.flatMap((template) =>
        ofType(template, `${elb}TargetGroup`).flatMap(([name, group]): Found[] => {
          const type = get(group, "Properties", "TargetType");
          if (type !== undefined && text(type) !== "instance") return [];
          if (type !== undefined)
            return [
              { severity: "warning", places: [type.at], says: `The target group ${name} has the type instance.` },
            ];
          return [{ places: [group.at], says: `The target group ${name} has no TargetType.` }];
        }),
      ),
  },
];
