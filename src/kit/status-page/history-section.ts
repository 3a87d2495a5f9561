import { type Html, html } from "../../core/page/html.ts";
import type { HealthReport } from "../health/health-report.ts";
import { appearanceOf } from "./badge.ts";
import { formatReason } from "./format.ts";
import { shape } from "./shapes.ts";
import { type ReportedChange, renderStateTimeline } from "./state-timeline.ts";

const maxShown = 15;
const maxListed = 45;

/** Renders the changes of state: as rows over time, and as a table, newest first. */
export function renderHistory({ history }: HealthReport, nowMs: number): Html {
  const newestFirst = history.toReversed();
  const older = newestFirst.slice(maxShown, maxListed);
  const unlisted = newestFirst.length - maxListed;
  return html`
    <section aria-labelledby="history">
      <h2 id="history">History</h2>
      ${
        newestFirst.length === 0
          ? html`<p class="empty">Nothing has changed yet.</p>`
          : html`${renderStateTimeline(history, nowMs)}${renderTable("Latest changes", newestFirst.slice(0, maxShown), nowMs)}`
      }
      ${
        older.length > 0 &&
        html`<details data-key="older"><summary>${older.length} earlier</summary>${renderTable("Earlier changes", older, nowMs)}</details>`
      }
      ${unlisted > 0 && html`<p class="note">${unlisted} more, still earlier, are in the JSON form of this page.</p>`}
    </section>`;
}

function renderTable(caption: string, changes: readonly ReportedChange[], nowMs: number): Html {
  const today = new Date(nowMs).toISOString().slice(0, 10);
  const rowsById = new Map<string, number>();
  const rows = changes.map((change) => {
    const [date = "", time = ""] = change.at.split("T");
    // The id is short, because every row contains one.
    const id = `${Date.parse(change.at).toString(36)}${change.kind.slice(0, 1)}${change.name}`;
    const earlierRows = rowsById.get(id) ?? 0;
    rowsById.set(id, earlierRows + 1);
    const { tone, shape: name } = appearanceOf(change.to);
    return html`
      <tr class="${change.kind}" data-key="${id}${earlierRows === 0 ? "" : ` ${earlierRows}`}">
        <td><time>${date === today ? "" : `${date} `}${time.slice(0, 8)}</time></td>
        <td>${change.kind}</td>
        <td>${shape(name, tone)}${describeChange(change)}</td>
      </tr>`;
  });
  return html`
    <table>
      <caption class="visually-hidden">${caption}, newest first</caption>
      <thead><tr><th scope="col">UTC</th><th scope="col">Kind</th><th scope="col">Change</th></tr></thead>
      <tbody>${rows}</tbody>
    </table>`;
}

const phrases: Readonly<Record<ReportedChange["kind"], Readonly<Record<string, string>>>> = {
  phase: {
    starting: "The instance started.",
    ready: "The instance has started and receives requests.",
    draining: "The instance began to shut down.",
    stopped: "The instance stopped serving.",
  },
  verdict: {
    ready: "All checks pass; in rotation.",
    healthy: "All checks pass; in rotation.",
    degraded: "Degraded, but in rotation",
    not_ready: "Out of rotation",
    unhealthy: "Out of rotation",
    starting: "Starting; not yet in rotation.",
    draining: "Draining; out of rotation.",
  },
  check: { down: "went down", unknown: "has had no result for too long." },
  breaker: {
    open: "opened; calls are rejected.",
    half_open: "is half open; one trial call decides.",
    closed: "closed; calls go through.",
  },
};

function describeChange({ kind, name, from, to, reason }: ReportedChange): Html {
  const phrase = Object.hasOwn(phrases[kind], to) ? phrases[kind][to] : undefined;
  if (kind === "check" && to === "up") return html`<b>${name}</b> is up${from === "unknown" ? "" : " again"}.`;
  if (phrase === undefined) return html`<b>${name}</b> went from ${from} to ${to}.`;
  const isCompleteSentence = phrase.endsWith(".");
  const why =
    reason === null || kind === "breaker"
      ? ""
      : `: ${kind === "verdict" ? "a dependency" : "it"} ${formatReason(reason)}`;
  const predicate = `${phrase}${isCompleteSentence ? "" : `${why}.`}`;
  if (kind === "breaker") return html`The breaker of <b>${name}</b> ${predicate}`;
  return kind === "check" ? html`<b>${name}</b> ${predicate}` : html`${predicate}`;
}
