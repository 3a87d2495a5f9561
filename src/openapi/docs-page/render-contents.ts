import { type Html, html } from "../../core/page/html.ts";
import { type ListedOperation, renderMethod, searchTextOf } from "./render-operation.ts";

export type Group = { tag: string; operations: readonly ListedOperation[] };

export const idOfTag = (tag: string): string => `tag-${tag.toLowerCase()}`;

/** Renders the list of operations and its filter. */
export function renderContents(groups: readonly Group[]): Html {
  return html`
    <aside class="contents">
      <p class="scripted filter">
        <label for="filter">Filter <kbd>/</kbd></label>
        <input id="filter" type="search" autocomplete="off" spellcheck="false" placeholder="lease, POST, /units …">
        <span id="found" class="note" role="status"></span>
      </p>
      <nav aria-label="Operations">
        ${groups.map(
          ({ tag, operations }) => html`
            <div data-group>
              <p class="tag"><a href="#${idOfTag(tag)}">${tag}</a></p>
              <ul>${operations.map(renderEntry)}</ul>
            </div>`,
        )}
      </nav>
    </aside>`;
}

function renderEntry(listed: ListedOperation): Html {
  const { operationId, summary } = listed.operation;
  return html`
    <li data-words="${searchTextOf(listed)}">
      <a href="#${operationId}">${renderMethod(listed.method)} <span>${summary}</span></a>
    </li>`;
}
