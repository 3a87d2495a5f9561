import { enumerate, type Html, html } from "../../core/page/html.ts";
import type { FleetDecision, FleetMember, FleetReport } from "../health/health-report.ts";
import { appearanceOf } from "./badge.ts";
import { formatCount } from "./format.ts";
import { shape } from "./shapes.ts";

type Outage = { check: string; here: boolean; others: number; where: readonly FleetMember[] };

/** Renders, for each check that is down on any instance, whether this one, others or most of the fleet are affected. */
export function renderOutages({ instances, decisions, silentSince }: FleetReport): Html {
  const outages = outagesOf(instances);
  const others = instances.filter(({ self }) => !self).length;
  if (outages.length > 0) {
    return html`<div class="outages">${outages.map((outage) => {
      const tone = outage.here ? "bad" : "warn";
      const decision = Object.hasOwn(decisions, outage.check) ? decisions[outage.check] : undefined;
      return html`<p><span class="state ${tone}">${shape(appearanceOf(outage.here ? "down" : "degraded").shape)}${outage.check}</span> ${describe(outage, others)}${decision !== undefined && html` ${consequences[decision]}`}</p>`;
    })}</div>`;
  }
  if (others === 0) return html`<p>${silentSince === null && "This is the only instance."}</p>`;
  const states = Object.entries(Object.groupBy(instances, ({ status }) => status));
  if (states.length === 1 && states[0]?.[0] === "ready")
    return html`<p>All ${instances.length} instances are ready.</p>`;
  const parts = states.map(([status, those]) => html`${those.length} ${status.replace("_", " ")}`);
  return html`<p>Of ${formatCount(instances.length, "instance")}: ${enumerate(parts)}.</p>`;
}

/** Starting instances do not count: they have not passed their checks yet. */
function outagesOf(instances: readonly FleetMember[]): Outage[] {
  const settled = instances.filter(({ phase }) => phase !== "starting");
  const isDown = (check: string) => (member: FleetMember) =>
    Object.hasOwn(member.checks, check) && member.checks[check] === "down";
  const names = new Set(settled.flatMap(({ checks }) => Object.keys(checks).filter((name) => checks[name] === "down")));
  return [...names].map((check) => {
    const where = settled.filter(isDown(check));
    return { check, where, here: where.some(({ self }) => self), others: where.filter(({ self }) => !self).length };
  });
}

function describe({ here, others, where }: Outage, known: number): Html {
  if (!here) {
    const places =
      where.length === 1
        ? html`on ${where[0]?.instance ?? ""} only`
        : html`on ${others} of ${formatCount(known, "other")}`;
    return html`is down ${places}, and not here.`;
  }
  if (known === 0) return html`is down here, and no other instance is known.`;
  if (others === 0)
    return html`is down here and on none of ${formatCount(known, "other")}: <strong>only this instance is affected.</strong>`;
  const extent = others * 2 > known ? "most instances are affected." : "at most half of the others are affected.";
  return html`is down here and on ${others} of ${formatCount(known, "other")}: <strong>${extent}</strong>`;
}

const consequences: Readonly<Record<FleetDecision, string>> = {
  asking: "The vote of the fleet is pending; until its result this instance stays in rotation.",
  shared_outage: "So this instance stays in rotation.",
  outlier: "So this instance is out of rotation.",
  unsure: "The vote of the fleet has no result, so this instance is out of rotation.",
};
