import type { DemoLogin } from "../../core/embedded-engines.ts";
import { type Html, html, nothing } from "../../core/page/html.ts";

/** One sign-in for all operations of the page. In development, the demo account is filled in. */
export const signIn = (demo: DemoLogin | undefined): Html => html`
  <section id="sign-in" class="card scripted" aria-labelledby="sign-in-name">
    <h2 id="sign-in-name">Sign in to try operations</h2>
    <form id="sign-in-form">
      <p class="field"><label for="email">Email</label><input id="email" type="email" autocomplete="username" value="${demo?.email ?? ""}" required></p>
      <p class="field"><label for="password">Password</label><input id="password" type="password" autocomplete="current-password" value="${demo?.password ?? ""}" required></p>
      ${demo === undefined ? nothing : html`<p class="note">The demo account of this development server is filled in.</p>`}
      <p class="buttons"><button class="send" type="submit">Sign in</button></p>
    </form>
    <p id="signed-in" hidden><span></span> <button type="button" id="sign-out">Sign out</button></p>
    <p id="sign-in-message" role="status"></p>
    <p class="note">The token stays in this tab’s memory and is gone when you reload. No account yet? <a href="#register">Register</a> on this page.</p>
  </section>`;

/** The operator token, for servers that have one. */
export const operatorToken: Html = html`
  <form class="card scripted">
    <p class="field"><label for="operator-token">Operator token</label><input id="operator-token" type="password" autocomplete="off" spellcheck="false" aria-describedby="operator-token-note"></p>
    <p class="note" id="operator-token-note">For operator endpoints, if the server has an <code>OPS_TOKEN</code>. It stays in this tab’s memory and is gone when you reload.</p>
  </form>`;
