import type { DemoLogin } from "../../core/embedded-engines.ts";
import { baseStyle, readScripts, readStyles } from "../../core/page/browser-files.ts";
import { pageHeaders } from "../../core/page/headers.ts";
import { type Html, html, trusted } from "../../core/page/html.ts";
import type { Links } from "../links.ts";
import { origin } from "../page-origin.ts";

export type LandingFacts = {
  service: string;
  version: string;
  instance: string;
  links: Links;
  demoLogin?: DemoLogin | undefined;
  /** The page of kept mails, in development without a mail server. */
  mailPage?: string | undefined;
};

const script = readScripts(new URL("../copy-commands.js", import.meta.url));
const style = readStyles(baseStyle, new URL("../page.css", import.meta.url), new URL("./landing.css", import.meta.url));

/** `GET /api` for browsers. */
export function renderLandingPage({ service, version, instance, links, demoLogin, mailPage }: LandingFacts) {
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
              <p class="summary">Properties, their units, leases and maintenance, with health probes that report the real state.</p>
              <p class="version">Version ${version} · instance ${instance}</p>
            </div>
          </div>
        </header>
        <main class="wrap">
          <h2 class="visually-hidden">Navigation</h2>
          <ul class="ways">
            ${navLink(links["docs"], "Reference", "Read about every operation and try it.")}
            ${navLink(links["health"], "Status page", "The live state of this instance.")}
            ${navLink(links["openapi"], "OpenAPI", "The OpenAPI 3.1 document for tools.")}
            ${navLink(links["metrics"], "Metrics", "Metrics for Prometheus.")}
          </ul>
          <h2>Commands to try</h2>
          ${command("Check readiness", `curl '${origin}/ready?verbose'`)}
          ${demoLogin === undefined ? null : command("Sign in with the demo account", `curl '${origin}/api/v1/auth/login' \\\n  --json '${JSON.stringify(demoLogin)}'`)}
          ${command("Register, and receive a token", `curl '${origin}/api/v1/auth/register' \\\n  --json '{"email":"you@example.org","name":"You","password":"four quiet harbour lights"}'`)}
          ${mailPage === undefined ? null : html`<p class="note">The mail to a new account is not sent: see the <a href="${mailPage}">mails of this server</a>.</p>`}
          ${command("List the entry points as JSON", `curl '${origin}/api'`)}
        </main>
        <script>${trusted(script)}</script>
      </body>
    </html>`;
  return { headers: pageHeaders({ script, style }), page };
}

function navLink(href: string | undefined, name: string, description: string): Html | null {
  return href === undefined ? null : html`<li><a href="${href}"><b>${name}</b> <span>${description}</span></a></li>`;
}

const command = (title: string, line: string): Html => html`
  <h3>${title}</h3>
  <div class="curl">
    <pre tabindex="0" aria-label="${title}"><code>${line}</code></pre>
    <button type="button" class="scripted" data-copy>Copy</button>
  </div>`;
