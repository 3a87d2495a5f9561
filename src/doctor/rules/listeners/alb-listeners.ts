import { elbTypes, ofType, type Template } from "../../readers/cloudformation/cloudformation.ts";
import { mentions } from "../../readers/cloudformation/template-values.ts";
import { get, list, type Tree, text } from "../../readers/yaml-tree.ts";
import type { Rule, Violation } from "../../rule.ts";
import { alb } from "../example-files.ts";

/**
 * Returns the action of a listener for requests that match no listener rule. The action is unknown if a function selects
 * it at deployment.
 */
function actionOf(name: string, listener: Tree, template: Template): "serves" | "redirects" | "refuses" | "unknown" {
  const actions = get(listener, "Properties", "DefaultActions");
  const types = list(actions).map((action) => text(action, "Type"));
  if (types.includes("redirect")) return "redirects";
  if (get(listener, "Condition") !== undefined || actions?.tag !== undefined || types.includes(undefined))
    return "unknown";
  const forwards = ofType(template, `${elbTypes}ListenerRule`).some(([, rule]) => mentions(rule, name));
  return types.length > 0 && types.every((type) => type === "fixed-response") && !forwards ? "refuses" : "serves";
}

/** A listener with an unknown protocol counts as secure. */
const isSecure = (listener: Tree): boolean => text(listener, "Properties", "Protocol") !== "HTTP";

/** Returns whether a balancer is internal, or may be, because its scheme is chosen at deployment. */
const isInternal = (template: Template): boolean =>
  ofType(template, `${elbTypes}LoadBalancer`).some(([, one]) => {
    const scheme = get(one, "Properties", "Scheme");
    return scheme !== undefined && text(scheme) !== "internet-facing";
  });

export const albListenerRules: readonly Rule[] = [
  {
    id: "trap-alb-no-listener",
    severity: "error",
    title: "A load balancer has no listener",
    impact: "Without a listener no request reaches the instances, and the target group runs no health checks.",
    condition: "A template with a LoadBalancer and a TargetGroup has a Listener",
    fix: "Add an AWS::ElasticLoadBalancingV2::Listener for HTTPS.",
    example: { kind: "alb", broken: alb().replace(/ {2}Listener:\n.*\n.*\n/, ""), fixed: alb() },
    find: ({ templates }) =>
      templates.flatMap((template): Violation[] => {
        const [balancer] = ofType(template, `${elbTypes}LoadBalancer`);
        const [group] = ofType(template, `${elbTypes}TargetGroup`);
        if (balancer === undefined || group === undefined || ofType(template, `${elbTypes}Listener`).length > 0)
          return [];
        return [{ places: [balancer[1].at], message: `${balancer[0]} has no listener.` }];
      }),
  },
  {
    id: "trap-alb-no-https",
    severity: "error",
    title: "Credentials travel unencrypted",
    impact:
      "The load balancer serves plain HTTP: tokens, cookies and passwords can be read on the network, and cookies marked Secure are never sent.",
    condition: "There is an HTTPS listener, and an HTTP listener only redirects",
    fix: "Add an HTTPS listener, and let the HTTP listener redirect to it.",
    example: {
      kind: "alb",
      broken: alb().replace("Protocol: HTTPS, Port: 443", "Protocol: HTTP, Port: 80"),
      fixed: alb(),
    },
    find: ({ templates }) =>
      templates.flatMap((template) =>
        ofType(template, `${elbTypes}Listener`).flatMap(([name, listener]): Violation[] => {
          const protocol = get(listener, "Properties", "Protocol");
          if (text(protocol) !== "HTTP") return [];
          const places = [protocol?.at ?? listener.at];
          const action = actionOf(name, listener, template);
          if (action === "unknown" || isInternal(template)) return [];
          if (action === "serves") return [{ places, message: `The listener ${name} serves HTTP without a redirect.` }];
          if (action === "refuses" || ofType(template, `${elbTypes}Listener`).some(([, other]) => isSecure(other)))
            return [];
          return [
            { severity: "warning", places, message: `The listener ${name} redirects, and there is no HTTPS listener.` },
          ];
        }),
      ),
  },
];
