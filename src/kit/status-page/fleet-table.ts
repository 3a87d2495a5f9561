import { type Html, html, nothing } from "../../core/page/html.ts";
import type { FleetMember, FleetReport } from "../health/health-report.ts";
import { appearanceOf } from "./badge.ts";
import { renderOutages } from "./fleet-outages.ts";
import { formatDuration, formatPercent, formatRate, formatTime } from "./format.ts";
import { shape } from "./shapes.ts";

/**
 * Renders a table of instances and checks. Red cells in one row are a failing instance, in one column a shared outage.
 */
export function renderFleet(fleet: FleetReport, nowMs: number): Html {
  const { instances, silentSince } = fleet;
  const checks = columnsOf(instances);
  const all = instances.map((member, index) => [member, index] as const);
  // This instance is always shown.
  const canBeFolded = ({ status, self }: FleetMember) => status === "ready" && !self;
  const isLarge = instances.length > maxUnfolded;
  const shown = isLarge ? all.filter(([member]) => !canBeFolded(member)) : all;
  const folded = isLarge ? all.filter(([member]) => canBeFolded(member)) : [];
  return html`
    <section aria-labelledby="fleet">
      <h2 id="fleet">Fleet</h2>
      ${renderOutages(fleet)}
      ${silentSince !== null && html`<p class="empty">Neither Redis nor Postgres has answered since ${formatTime(silentSince, nowMs)}: the other instances are unknown.</p>`}
      <table class="fleet">
        <thead><tr>
          <th scope="col">Instance</th><th scope="col">State</th>
          ${checks.map(({ name, onPhone }) => html`<th scope="col" class="${onPhone ? "" : "wide"}">${name}</th>`)}
          <th scope="col" class="number">Requests</th>
          <th scope="col" class="wide number">Up for</th>
          <th scope="col" class="wide">Version</th>
        </tr></thead>
        <tbody>${shown.map(([member, index]) => renderMember(member, checks, index, nowMs))}</tbody>
      </table>
      ${
        folded.length > 0 &&
        html`<details data-key="fleet-ready"><summary>${folded.length} more, all ready</summary>
          <table class="fleet"><caption class="visually-hidden">Ready instances</caption><tbody>${folded.map(([member, index]) => renderMember(member, checks, index, nowMs))}</tbody></table></details>`
      }
      ${renderSpread(fleet)}
    </section>`;
}

const sharedChecks = ["postgres", "redis", "schema"];

type Column = { name: string; onPhone: boolean };

/** Returns the shared checks, and every other check that is not up on at least one instance. */
function columnsOf(instances: readonly FleetMember[]): readonly Column[] {
  const notUp = instances.flatMap(({ checks }) =>
    Object.entries(checks).flatMap(([name, status]) => (status === "up" ? [] : [name])),
  );
  const known = new Set(instances.flatMap(({ checks }) => Object.keys(checks)));
  const shared = sharedChecks.filter((name) => known.has(name));
  const onPhone = [...new Set([...notUp, ...shared])].slice(0, maxColumnsOnPhone);
  const names = [...new Set([...shared, ...notUp])].slice(0, maxColumns);
  return names.map((name) => ({ name, onPhone: onPhone.includes(name) }));
}

const maxColumns = 6;
/** A phone has no room for more. The sentences above the table name all checks that are down. */
const maxColumnsOnPhone = 2;

/** In a larger fleet, the ready instances are folded, so that the others are seen at once. */
const maxUnfolded = 12;

function renderMember(member: FleetMember, checks: readonly Column[], index: number, nowMs: number): Html {
  const { instance, self, status, version, requestsPerSecond, shareOfRequests, startedAt } = member;
  const { tone, shape: shapeName } = appearanceOf(status);
  return html`
    <tr class="${self ? "self" : ""}" data-key="fleet-${index}-${instance}">
      <th scope="row">${instance}${self && html` <i>here</i>`}</th>
      <td class="${tone}">${shape(shapeName)}${status.replace("_", " ")}</td>
      ${checks.map((column) => renderStatus(column, Object.hasOwn(member.checks, column.name) ? member.checks[column.name] : undefined))}
      <td class="number">${formatRate(requestsPerSecond)}/s${shareOfRequests !== null && html` <i>${formatPercent(shareOfRequests)}</i>`}</td>
      <td class="wide number">${formatDuration(nowMs - Date.parse(startedAt))}</td>
      <td class="wide">${version}</td>
    </tr>`;
}

function renderStatus({ onPhone }: Column, status = "not reported"): Html {
  const { tone, shape: shapeName } = appearanceOf(status);
  return html`<td class="${tone}${onPhone ? "" : " wide"}">${shape(shapeName)}<span class="${status === "up" ? "visually-hidden" : "word"}">${status}</span></td>`;
}

/** The largest difference from the average that is not shown as a warning. */
const maxEvenSpread = 0.2;

function renderSpread({ loadSpreadRatio, instances }: FleetReport): Html {
  if (loadSpreadRatio === null || instances.length < 2) return nothing;
  const words = html`The request rate of a ready instance differs from the average by up to ${formatPercent(loadSpreadRatio)}.`;
  if (loadSpreadRatio <= maxEvenSpread) return html`<p class="note">${words}</p>`;
  return html`<p class="warn"><span class="state warn">${shape("triangle")}uneven</span> ${words}</p>`;
}
