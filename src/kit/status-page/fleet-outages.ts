import { enumerate, type Html, html } from "../../core/page/html.ts";
import type { FleetDecision, FleetMember, FleetReport } from "../health/health-report.ts";
import { appearanceOf } from "./badge.ts";
import { formatCount } from "./format.ts";
import { shape } from "./shapes.ts";

/** Checks that are down on the same instances, with the same decision. */
type Outage = {
  checks: readonly string[];
  /** Whether this instance is affected. */
  isHere: boolean;
  /** The number of other affected instances. */
  others: number;
  affected: readonly FleetMember[];
  decision: FleetDecision | undefined;
};

/** Renders a sentence for each outage: whether this instance, others or most of the fleet are affected. */
export function renderOutages({ instances, decisions, silentSince }: FleetReport): Html {
  const outages = outagesOf(instances, decisions);
  const others = instances.filter(({ self }) => !self).length;
  if (outages.length > 0) {
    return html`<div class="outages">${outages.map((outage) => {
      const tone = outage.isHere ? "bad" : "warn";
      const names = enumerate(outage.checks.map((name) => html`${name}`));
      return html`<p><span class="state ${tone}">${shape(appearanceOf(outage.isHere ? "down" : "degraded").shape)}${names}</span> ${describe(outage, others)}${outage.decision !== undefined && html` ${consequences[outage.decision]}`}</p>`;
    })}</div>`;
  }
  if (others === 0) return html`<p>${silentSince === null && "This is the only instance."}</p>`;
  const states = Object.entries(Object.groupBy(instances, ({ status }) => status));
  if (states.length === 1 && states[0]?.[0] === "ready")
    return html`<p>All ${instances.length} instances are ready.</p>`;
  const parts = states.map(([status, members]) => html`${members.length} ${status.replace("_", " ")}`);
  return html`<p>Of ${formatCount(instances.length, "instance")}: ${enumerate(parts)}.</p>`;
}

/** Starting instances do not count: they have not passed their checks yet. */
function outagesOf(instances: readonly FleetMember[], decisions: FleetReport["decisions"]): readonly Outage[] {
  const started = instances.filter(({ phase }) => phase !== "starting");
  const isDown = (check: string) => (member: FleetMember) =>
    Object.hasOwn(member.checks, check) && member.checks[check] === "down";
  const names = new Set(started.flatMap(({ checks }) => Object.keys(checks).filter((name) => checks[name] === "down")));
  const groups = Map.groupBy(names, (check) => {
    const downByInstance = started.map(isDown(check)).map(Number).join("");
    return `${downByInstance} ${decisionOn(check, decisions) ?? ""}`;
  });
  return [...groups.values()].map((checks) => {
    const [first = ""] = checks;
    const affected = started.filter(isDown(first));
    return {
      checks,
      affected,
      isHere: affected.some(({ self }) => self),
      others: affected.filter(({ self }) => !self).length,
      decision: decisionOn(first, decisions),
    };
  });
}

const decisionOn = (check: string, decisions: FleetReport["decisions"]): FleetDecision | undefined =>
  Object.hasOwn(decisions, check) ? decisions[check] : undefined;

function describe({ checks, isHere, others, affected }: Outage, known: number): Html {
  const verb = checks.length === 1 ? "is" : "are";
  if (!isHere) {
    const places =
      affected.length === 1
        ? html`on ${affected[0]?.instance ?? ""} only`
        : html`on ${others} of ${formatCount(known, "other")}`;
    return html`${verb} down ${places}, and not here.`;
  }
  if (known === 0) return html`${verb} down here, and no other instance is known.`;
  if (others === 0)
    return html`${verb} down here and on none of ${formatCount(known, "other")}: <strong>only this instance is affected.</strong>`;
  const extent = others * 2 > known ? "most instances are affected." : "at most half of the others are affected.";
  return html`${verb} down here and on ${others} of ${formatCount(known, "other")}: <strong>${extent}</strong>`;
}

const consequences: Readonly<Record<FleetDecision, string>> = {
  asking: "The vote of the fleet is pending; until its result this instance stays in rotation.",
  shared_outage: "So this instance stays in rotation.",
  outlier: "So this instance is out of rotation.",
  unsure: "The vote of the fleet has no result, so this instance is out of rotation.",
};
