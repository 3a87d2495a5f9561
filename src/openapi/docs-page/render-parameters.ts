import { type Html, html, nothing } from "../../core/page/html.ts";
import type { DocumentedParameter } from "../document/openapi-types.ts";
import { describeDefault, describeType } from "./describe-type.ts";
import { prose } from "./formatting.ts";
import type { Resolve } from "./render-schema.ts";

export function renderParameters(parameters: readonly DocumentedParameter[], resolve: Resolve): Html {
  if (parameters.length === 0) return nothing;
  return html`
    <h4>Parameters</h4>
    <table class="parameters">
      <thead><tr><th scope="col">Name</th><th scope="col">In</th><th scope="col">Description</th></tr></thead>
      <tbody>${parameters.map((one) => renderParameter({ ...one, schema: resolve(one.schema) }))}</tbody>
    </table>`;
}

function renderParameter({ name, in: place, required, description, schema }: DocumentedParameter): Html {
  return html`
    <tr>
      <th scope="row"><code class="name">${name}</code>${required ? html` <span class="must">required</span>` : nothing}</th>
      <td>${place}</td>
      <td>
        <span class="type">${prose(describeType(schema) + describeDefault(schema))}</span>
        <p>${prose(description)}</p>
      </td>
    </tr>`;
}
