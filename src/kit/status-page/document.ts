import { type Html, html, trusted } from "../../core/page/html.ts";
import type { Badge } from "./badge.ts";
import { formatTime } from "./format.ts";
import { script } from "./script.ts";
import { favicon, sprite } from "./shapes.ts";
import { style } from "./style.ts";

type Document = {
  kind: "full" | "reduced";
  face: Badge;
  title: string;
  service: string;
  instance: string;
  at: number;
  intervalMs: number;
  content: Html;
};

const lostIcon = favicon({ shape: "question", tone: "calm" });

/** Only `main` is exchanged while the page lives; what stands around it stays as it was first sent. */
export function renderDocument({ kind, face, title, service, instance, at, intervalMs, content }: Document): string {
  const time = Number.isNaN(at) ? "" : new Date(at).toISOString().slice(11, 19);
  const page = html`
    <!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8">
        <title>${title}</title>
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <meta name="color-scheme" content="light dark">
        <link rel="icon" href="${favicon(face)}" data-lost="${lostIcon}">
        <style>${trusted(style)}</style>
      </head>
      <body>
        ${sprite}
        <header class="top">
          <div class="wrap">
            <p class="service">${service}</p>
            <p class="unscripted">A still of ${formatTime(at, at)}: without JavaScript it does not follow. <a href="">Reload</a></p>
            <p class="live scripted"><span id="live">Live</span> <button id="pause" type="button">Pause</button></p>
          </div>
        </header>
        <div id="trouble" class="trouble" hidden>
          <div class="wrap"><p id="trouble-words"></p><button id="again" type="button">Try now</button></div>
        </div>
        <p id="notice" class="wrap notice" hidden></p>
        <p id="announcer" class="unseen" role="status"></p>
        <main data-page="${kind}" data-interval="${intervalMs}" data-face="${face.label}" data-instance="${instance}" data-time="${time}">${content}</main>
        <footer class="wrap note">
          <p>All times are UTC. The same as JSON: ask this address with <code>Accept: application/json</code>.</p>
        </footer>
        <script>${trusted(script)}</script>
      </body>
    </html>`;
  return page.html;
}
