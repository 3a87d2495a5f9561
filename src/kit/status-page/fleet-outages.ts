import { enumerate, type Html, html } from "../../core/page/html.ts";
import type { FleetDecision, FleetMember, FleetReport } from "../health/health-report.ts";
import { appearanceOf } from "./badge.ts";
import { formatCount } from "./format.ts";
import { shape } from "./shapes.ts";

type Outage = { check: string; here: boolean; others: number; where: readonly FleetMember[] };

/** Whether the trouble is one's own or everybody's, in a sentence for each check that is down anywhere. */
export function renderOutages({ instances, decisions, silentSince }: FleetReport): Html {
  const troubles = outagesOf(instances);
  const others = instances.filter(({ self }) => !self).length;
  if (troubles.length > 0) {
    return html`<div class="whose">${troubles.map((trouble) => {
      const tone = trouble.here ? "bad" : "warn";
      const decision = Object.hasOwn(decisions, trouble.check) ? decisions[trouble.check] : undefined;
      return html`<p><span class="state ${tone}">${shape(appearanceOf(trouble.here ? "down" : "degraded").shape)}${trouble.check}</span> ${inWords(trouble, others)}${decision !== undefined && html` ${consequences[decision]}`}</p>`;
    })}</div>`;
  }
  if (others === 0) return html`<p>${silentSince === null && "This instance knows of no other."}</p>`;
  const states = Object.entries(Object.groupBy(instances, ({ status }) => status));
  if (states.length === 1 && states[0]?.[0] === "ready")
    return html`<p>All ${instances.length} instances are ready.</p>`;
  const parts = states.map(([status, those]) => html`${those.length} ${status.replace("_", " ")}`);
  return html`<p>Of ${formatCount(instances.length, "instance")}: ${enumerate(parts)}.</p>`;
}

/** An instance that starts has not passed its checks yet: that is no trouble. */
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

function inWords({ here, others, where }: Outage, known: number): Html {
  if (!here) {
    const places =
      where.length === 1
        ? html`on ${where[0]?.instance ?? ""} only`
        : html`on ${others} of ${formatCount(known, "other")}`;
    return html`is down ${places}, and not here.`;
  }
  if (known === 0) return html`is down here, and no other instance is known.`;
  if (others === 0)
    return html`is down here and on none of ${formatCount(known, "other")}: <strong>the trouble is this instance’s own.</strong>`;
  const whose = others * 2 > known ? "the trouble is everybody’s." : "the trouble is not everybody’s.";
  return html`is down here and on ${others} of ${formatCount(known, "other")}: <strong>${whose}</strong>`;
}

const consequences: Readonly<Record<FleetDecision, string>> = {
  asking: "The others are being asked; until then this instance stays in rotation.",
  shared_outage: "So this instance stays in rotation.",
  outlier: "So this instance is out of rotation.",
  unsure: "The others give no answer to go by, so this instance is out of rotation.",
};
