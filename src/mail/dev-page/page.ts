import { baseStyle, readStyles } from "../../core/page/browser-files.ts";
import { pageHeaders } from "../../core/page/headers.ts";
import { type Html, html, trusted } from "../../core/page/html.ts";
import type { KeptMail } from "../mail.ts";

const style = readStyles(baseStyle, new URL("./mail.css", import.meta.url));

/** The kept mails, newest first. */
export function renderMailPage(mails: readonly KeptMail[]) {
  const page = html`
    <!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8">
        <title>Mails of this server</title>
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <meta name="color-scheme" content="light dark">
        <link rel="icon" href="data:,">
        <style>${trusted(style)}</style>
      </head>
      <body>
        <main>
          <h1>Mails of this server</h1>
          <p>Without <code>MAIL_URL</code>, mails are kept for a day and shown here. This page does not exist in production.</p>
          <p>The links lead to pages of your front end, which send the token to the API. Without a front end, copy the token and send it yourself in the <a href="/api/docs#tag-auth">reference</a>: <code>verify-email</code>, <code>reset-password</code>, or <code>register</code> for an invitation.</p>
          ${mails.length === 0 ? html`<p>No mail yet. Reload the page after a request that sends one.</p>` : mails.map(article)}
        </main>
      </body>
    </html>`;
  return { headers: pageHeaders({ script: "", style }), page };
}

const article = ({ to, subject, text, at }: KeptMail): Html => html`
  <article>
    <h2>${subject}</h2>
    <p>To ${to}, <time datetime="${at.toISOString()}">${at.toISOString()}</time></p>
    <pre tabindex="0" aria-label="${subject}">${text}</pre>
  </article>`;
