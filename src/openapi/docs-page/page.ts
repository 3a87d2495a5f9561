import type { DemoLogin } from "../../core/embedded-engines.ts";
import { baseStyle, readScripts, readStyles } from "../../core/page/browser-files.ts";
import { pageHeaders } from "../../core/page/headers.ts";
import { type Html, html, nothing, trusted } from "../../core/page/html.ts";
import { guide } from "../document/guide.ts";
import { resolveReference } from "../document/json-schemas.ts";
import type { Document, JsonSchema } from "../document/openapi-types.ts";
import type { Links } from "../links.ts";
import { origin } from "../page-origin.ts";
import { prose } from "./formatting.ts";
import { type Group, idOfTag, renderContents } from "./render-contents.ts";
import { renderOperation } from "./render-operation.ts";
import { operatorToken, signIn } from "./sign-in-forms.ts";

const browserFile = (path: string): URL => new URL(`./browser/${path}`, import.meta.url);

const script = readScripts(browserFile("docs-page.js"));
const style = readStyles(
  baseStyle,
  new URL("../page.css", import.meta.url),
  ...["layout.css", "operations.css", "forms.css", "media.css"].map(browserFile),
);

/** Renders the API reference. The page is complete without JavaScript. With JavaScript, a reader can also try every operation. */
export function renderDocsPage(document: Document, links: Links, demoLogin?: DemoLogin) {
  const groups = groupsOf(document);
  const count = groups.reduce((sum, { operations }) => sum + operations.length, 0);
  const resolve = (schema: JsonSchema) => resolveReference(schema, document.components.schemas);
  const { info, openapi } = document;
  const page = html`
    <!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8">
        <title>${info.title} · Reference</title>
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <meta name="color-scheme" content="light dark">
        <link rel="icon" href="data:,">
        <style>${trusted(style)}</style>
      </head>
      <body data-origin="${origin}">
        <a class="skip" href="#main">Skip to the operations</a>
        <header>
        <div class="top">
          <div class="wrap">
            <p class="service">${info.title}</p>
            <p class="links"><a href="/api">Home</a> ${links["health"] === undefined ? "" : html`<a href="${links["health"]}">Health</a> `}<a href="/api/openapi.json">openapi.json</a> <a class="scripted" href="#sign-in" id="account">Sign in</a></p>
          </div>
        </div>
        <div class="band calm">
          <div class="wrap">
            <h1>Reference</h1>
            <p class="summary">${info.summary} ${count} operations, documented by the schemas that validate them.</p>
            <p class="unscripted">Without JavaScript this page is a reference only. With JavaScript you can try every operation here.</p>
            <p class="version">Version ${info.version} · OpenAPI ${openapi}</p>
          </div>
        </div>
        </header>
        <div class="wrap columns">
          ${renderContents(groups)}
          <main id="main" tabindex="-1">
            ${renderGuide()}
            ${signIn(demoLogin)}
            ${groups.map(
              ({ tag, operations }) => html`
                <section data-group aria-labelledby="${idOfTag(tag)}">
                  <h2 id="${idOfTag(tag)}">${tag}</h2>
                  ${operations.some(({ operation }) => operation["x-access"] === "operator") ? operatorToken : nothing}
                  ${operations.map((listed) => renderOperation(listed, document, resolve))}
                </section>`,
            )}
            <p id="none" class="note" hidden>No operation matches the filter.</p>
          </main>
        </div>
        <script>${trusted(script)}</script>
      </body>
    </html>`;
  return { headers: pageHeaders({ script, style }), page };
}

function renderGuide(): Html {
  return html`
    <section class="guide" aria-labelledby="guide">
      <h2 id="guide" class="visually-hidden">About all operations</h2>
      ${guide.map(({ title, text }) => html`<div><h3>${title}</h3>${text.map((paragraph) => html`<p>${prose(paragraph)}</p>`)}</div>`)}
    </section>`;
}

function groupsOf({ tags, paths }: Document): readonly Group[] {
  const all = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ method, path, operation })),
  );
  return tags.map(({ name }) => ({
    tag: name,
    operations: all.filter(({ operation }) => operation.tags.includes(name)),
  }));
}
