import { type Html, html, nothing, trusted } from "../../core/page/html.ts";
import type { DocumentedOperation, DocumentedParameter } from "../document/openapi-types.ts";
import { pretty } from "./formatting.ts";
import type { Resolve } from "./render-schema.ts";

/**
 * Renders the form that tries an operation. The form is in a template until it is opened, because a browser lays out all
 * forms of a page for its autofill. On a phone that takes a third of a second. Without JavaScript the form is hidden.
 */
export function renderTryForm(method: string, path: string, operation: DocumentedOperation, resolve: Resolve): Html {
  const { operationId: id, parameters = [], requestBody } = operation;
  const content = requestBody?.content ?? {};
  return html`
    <details class="try scripted">
      <summary>Try it</summary>
      <template><form data-id="${id}" data-method="${method.toUpperCase()}" data-path="${path}" data-access="${operation["x-access"]}" novalidate>
        ${parameters.map((one) => renderInput(id, { ...one, schema: resolve(one.schema) }))}
        ${renderBody(id, content["application/json"]?.example)}
        ${renderUpload(id, content)}
        <p class="buttons"><button class="send" type="submit">Send</button> <button type="button" data-stop hidden>Stop</button></p>
      </form>
      <div class="outcome" role="status" aria-atomic="false"></div></template>
    </details>`;
}

function renderInput(id: string, { name, in: place, required, schema, example }: DocumentedParameter): Html {
  const field = `${id}-${name}`;
  const initialValue = place === "path" && schema.format !== "uuid" && typeof example === "string" ? example : "";
  return html`
    <p class="field">
      <label for="${field}">${name} <small>${place}${required ? ", required" : ""}</small></label>
      ${
        schema.enum === undefined
          ? html`<input id="${field}" name="${name}" data-in="${place}" value="${initialValue}" autocomplete="off" autocapitalize="none" spellcheck="false"${required ? trusted(" required") : nothing}>`
          : html`<select id="${field}" name="${name}" data-in="${place}"><option value="">any</option>${schema.enum.map((one) => html`<option>${String(one)}</option>`)}</select>`
      }
    </p>`;
}

function renderBody(id: string, example: unknown): Html {
  if (example === undefined) return nothing;
  const text = pretty(example);
  const rows = Math.min(16, text.split("\n").length + 1);
  return html`
    <p class="field">
      <label for="${id}-body">Body <small>JSON</small></label>
      <textarea id="${id}-body" data-body rows="${rows}" autocapitalize="none" spellcheck="false">${text}</textarea>
    </p>`;
}

function renderUpload(id: string, content: NonNullable<DocumentedOperation["requestBody"]>["content"]): Html {
  if (content["application/json"] !== undefined || Object.keys(content).length === 0) return nothing;
  const [field = ""] = Object.keys(content["multipart/form-data"]?.schema?.properties ?? {});
  const accept = Object.keys(content)
    .filter((type) => type.includes("/") && type !== "multipart/form-data")
    .join(",");
  return html`
    <p class="field">
      <label for="${id}-file">${field === "" ? "File" : field} <small>file</small></label>
      <input id="${id}-file" type="file" data-file="${field}" accept="${accept}" required>
    </p>`;
}
