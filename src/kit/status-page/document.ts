import { baseStyle, readScripts, readStyles } from "../../core/page/browser-files.ts";
import { pageHeaders as commonPageHeaders } from "../../core/page/headers.ts";
import { type Html, html, trusted } from "../../core/page/html.ts";
import type { Badge } from "./badge.ts";
import { formatTime } from "./format.ts";
import { favicon, sprite } from "./shapes.ts";

const browserFile = (name: string): URL => new URL(`./browser/${name}`, import.meta.url);

const script = readScripts(browserFile("live.js"));
const style = readStyles(
  baseStyle,
  browserFile("shapes.css"),
  browserFile("header.css"),
  browserFile("check-cards.css"),
  browserFile("meters.css"),
  browserFile("history.css"),
  browserFile("fleet.css"),
  browserFile("media.css"),
);

export const pageHeaders: Readonly<Record<string, string>> = {
  ...commonPageHeaders({ script, style }),
  "X-Robots-Tag": "noindex",
  "Cache-Control": "no-store",
  Vary: "Accept, Authorization",
};

type DocumentParts = {
  kind: "full" | "public";
  badge: Badge;
  title: string;
  service: string;
  instance: string;
  at: number;
  intervalMs: number;
  content: Html;
};

const noAnswerIcon = favicon({ shape: "question", tone: "calm" });

/** Renders the complete HTML document. The script of the page updates the element `main` only. */
export function renderDocument({
  kind,
  badge,
  title,
  service,
  instance,
  at,
  intervalMs,
  content,
}: DocumentParts): string {
  const time = Number.isNaN(at) ? "" : new Date(at).toISOString().slice(11, 19);
  const page = html`
    <!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8">
        <title>${title}</title>
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <meta name="color-scheme" content="light dark">
        <link rel="icon" href="${favicon(badge)}" data-lost="${noAnswerIcon}">
        <style>${trusted(style)}</style>
      </head>
      <body>
        ${sprite}
        <header class="top">
          <div class="wrap">
            <p class="service">${service}</p>
            <p class="unscripted">State at ${formatTime(at, at)}. Without JavaScript this page is not updated. <a href="">Reload</a></p>
            <p class="live scripted"><span id="live">Live</span> <button id="pause" type="button">Pause</button></p>
          </div>
        </header>
        <div id="trouble" class="trouble" hidden>
          <div class="wrap"><p id="trouble-text"></p><button id="retry" type="button">Retry</button></div>
        </div>
        <p id="notice" class="wrap notice" hidden></p>
        <p id="announcer" class="visually-hidden" role="status"></p>
        <main data-page="${kind}" data-interval="${intervalMs}" data-label="${badge.label}" data-instance="${instance}" data-time="${time}">${content}</main>
        <footer class="wrap note">
          <p>All times are UTC. This address answers with JSON to <code>Accept: application/json</code>.</p>
        </footer>
        <script>${trusted(script)}</script>
      </body>
    </html>`;
  return page.html;
}
