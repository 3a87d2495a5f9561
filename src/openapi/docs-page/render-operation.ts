import { type Html, html, nothing } from "../../core/page/html.ts";
import type { Access, Document, DocumentedOperation } from "../document/openapi-types.ts";
import { curlOf } from "./curl-command.ts";
import { prose } from "./formatting.ts";
import { renderAnswers } from "./render-answers.ts";
import { renderParameters } from "./render-parameters.ts";
import { type Resolve, renderSchema } from "./render-schema.ts";
import { renderTryForm } from "./render-try-form.ts";

export type ListedOperation = { method: string; path: string; operation: DocumentedOperation };

const callers: Readonly<Record<Access, string>> = {
  everyone: "Public",
  member: "For signed-in users and API keys",
  account: "For signed-in users",
  session: "For signed-in users",
  admin: "For administrators",
  operator: "For operators, with the operator token if one is set",
};

export function renderOperation(
  { method, path, operation }: ListedOperation,
  document: Document,
  resolve: Resolve,
): Html {
  const { operationId: id, summary, description } = operation;
  return html`
    <article class="op" id="${id}" aria-labelledby="title-${id}" data-words="${searchTextOf({ method, path, operation })}">
      <header>
        <h3 id="title-${id}"><a href="#${id}">${summary}</a></h3>
        <p class="line">${renderMethod(method)} <code class="path">${path}</code></p>
        <p class="who">${callers[operation["x-access"]]}</p>
        ${description === undefined ? nothing : html`<p>${prose(description)}</p>`}
      </header>
      <div class="facts">
        ${renderParameters(operation.parameters ?? [], resolve)}
        ${renderBody(operation, resolve)}
        ${renderAnswers(operation.responses, document, resolve)}
      </div>
      <div class="doing">
        <div class="curl">
          <pre tabindex="0" aria-label="curl command: ${summary}"><code>${curlOf(method, path, operation)}</code></pre>
          <button type="button" class="scripted" data-copy>Copy</button>
        </div>
        ${renderTryForm(method, path, operation, resolve)}
      </div>
    </article>`;
}

export const renderMethod = (method: string): Html =>
  html`<b class="method ${tones[method] ?? "warn"}">${method.toUpperCase()}</b>`;

/** Returns the text in which the filter of the page searches. */
export const searchTextOf = ({ method, path, operation: { operationId, summary, tags } }: ListedOperation): string =>
  `${method} ${path} ${summary} ${operationId} ${tags.join(" ")}`.toLowerCase();

const tones: Readonly<Record<string, string>> = { get: "calm", post: "good", delete: "bad" };

function renderBody({ requestBody }: DocumentedOperation, resolve: Resolve): Html {
  if (requestBody === undefined) return nothing;
  const types = Object.keys(requestBody.content);
  const fields = types.map((type) =>
    renderSchema(requestBody.content[type]?.schema ?? {}, { resolve, marks: "required" }),
  );
  return html`
    <h4>Body <small>${types.join(", ")}</small></h4>
    ${requestBody.description === undefined ? nothing : html`<p>${prose(requestBody.description)}</p>`}
    ${fields}`;
}
