import { type Html, html, nothing } from "../../core/page/html.ts";
import { problemType } from "../document/describe-problems.ts";
import type { Content, Document, DocumentedAnswer, DocumentedOperation, MediaType } from "../document/openapi-types.ts";
import { pretty, prose } from "./formatting.ts";
import { type Resolve, renderSchema } from "./render-schema.ts";

type Responses = DocumentedOperation["responses"];

/** Renders the responses of an operation: successful ones with their fields, problems with their codes. */
export function renderAnswers(responses: Responses, { components }: Document, resolve: Resolve): Html {
  const all = Object.entries(responses).map(([status, answer]) => {
    const shared = "$ref" in answer ? components.responses[answer.$ref.split("/").at(-1) ?? ""] : answer;
    return { status, answer: shared ?? { description: "" } };
  });
  const problems = all.filter(({ answer }) => isProblem(answer));
  return html`
    <h4>Responses</h4>
    ${all.filter(({ answer }) => !isProblem(answer)).map(({ status, answer }) => renderAnswer(status, answer, resolve))}
    ${problems.length === 0 ? nothing : renderProblems(problems)}`;
}

const isProblem = ({ content = {} }: DocumentedAnswer): boolean => problemType in content;

function renderAnswer(
  status: string,
  { description, headers = {}, content = {} }: DocumentedAnswer,
  resolve: Resolve,
): Html {
  const names = Object.keys(headers);
  const tone = status.startsWith("5") ? "bad" : "good";
  return html`
    <details class="answer">
      <summary><b class="status ${tone}">${status}</b> ${prose(description)}</summary>
      <div>
        ${names.length === 0 ? nothing : html`<p class="note">Headers: ${names.map((name, at) => html`${at === 0 ? "" : ", "}<code>${name}</code>`)}</p>`}
        ${renderContent(content, resolve)}
      </div>
    </details>`;
}

function renderContent(content: Content, resolve: Resolve): Html[] {
  return Object.entries(content).map(
    ([type, media]) => html`<p class="note"><code>${type}</code></p>${renderMedia(media, resolve)}`,
  );
}

function renderMedia({ schema, example }: MediaType, resolve: Resolve): Html {
  return html`
    ${schema === undefined ? nothing : renderSchema(schema, { resolve, marks: "optional" })}
    ${example === undefined ? nothing : html`<pre tabindex="0" aria-label="Example"><code>${pretty(example)}</code></pre>`}`;
}

function renderProblems(problems: readonly { status: string; answer: DocumentedAnswer }[]): Html {
  return html`
    <details class="answer">
      <summary><b class="status bad">4xx, 5xx</b> Problems: ${problems.map(({ status }) => status).join(", ")}</summary>
      <ul class="problems">
        ${problems.map(({ status, answer }) => html`<li><b>${status}</b> <span>${prose(answer.description)}</span></li>`)}
      </ul>
    </details>`;
}
