import { baseStyle, readScripts, readStyles } from "../../core/page/browser-files.ts";
import { pageHeaders } from "../../core/page/headers.ts";
import { type Html, html, trusted } from "../../core/page/html.ts";
import type { Links } from "../links.ts";
import { origin } from "../page-origin.ts";

export type LandingFacts = { service: string; version: string; instance: string; links: Links };

const script = readScripts(new URL("../copy-commands.js", import.meta.url));
const style = readStyles(baseStyle, new URL("../page.css", import.meta.url), new URL("./landing.css", import.meta.url));

/** What a browser gets that asks where it is. */
export function renderLandingPage({ service, version, instance, links }: LandingFacts) {
  const page = html`
    <!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8">
        <title>${service}</title>
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <meta name="color-scheme" content="light dark">
        <link rel="icon" href="data:,">
        <style>${trusted(style)}</style>
      </head>
      <body data-origin="${origin}">
        <header>
          <div class="band">
            <div class="wrap">
              <p class="service">${service}</p>
              <h1>Haven API</h1>
              <p class="summary">Properties, their units, leases and maintenance, behind health probes that tell the truth.</p>
              <p class="stand">Version ${version} · answered by ${instance}</p>
            </div>
          </div>
        </header>
        <main class="wrap">
          <h2 class="unseen">Where to go</h2>
          <ul class="ways">
            ${way(links["docs"], "Reference", "Every call, to read and to try out.")}
            ${way(links["health"], "Health", "The status page of this instance, live.")}
            ${way(links["openapi"], "openapi.json", "The same reference for tools: OpenAPI 3.1.")}
            ${way(links["metrics"], "Metrics", "What Prometheus reads.")}
          </ul>
          <h2>Worth trying</h2>
          ${command("Who is well here?", `curl '${origin}/ready?verbose'`)}
          ${command("An account, and a token with it", `curl '${origin}/api/v1/auth/register' --json '{"email":"you@example.org","name":"You","password":"four quiet harbour lights"}'`)}
          ${command("What this page says, as JSON", `curl '${origin}/api'`)}
        </main>
        <script>${trusted(script)}</script>
      </body>
    </html>`;
  return { headers: pageHeaders({ script, style }), page };
}

function way(href: string | undefined, name: string, words: string): Html | null {
  return href === undefined ? null : html`<li><a href="${href}"><b>${name}</b> <span>${words}</span></a></li>`;
}

const command = (words: string, line: string): Html => html`
  <h3>${words}</h3>
  <div class="curl">
    <pre tabindex="0" aria-label="${words}"><code>${line}</code></pre>
    <button type="button" class="scripted" data-copy>Copy</button>
  </div>`;
