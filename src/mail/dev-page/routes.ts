import { jobSchema } from "../../db/app-role.ts";
import type { Queryable } from "../../db/pool.ts";
import { createRoutes, type Routes } from "../../http/create-routes.ts";
import { operation } from "../../http/operation.ts";
import { bytes, ok } from "../../http/responses.ts";
import { preferredForm } from "../../kit/http/accept.ts";
import type { KeptMail, Mail } from "../mail.ts";
import { mailQueue } from "../outbox.ts";
import { renderMailPage } from "./page.ts";

export const devMailPath = "/dev/mail";

const maxMails = 50;

const selectKept = `
  SELECT completed_on AS at, output FROM ${jobSchema}.job
  WHERE name = $1 AND state = 'completed' AND output ? 'text' ORDER BY completed_on DESC LIMIT ${maxMails}`;

/** `GET /dev/mail`: the mails of a server without `MAIL_URL`. Not in production, and not in the API reference. */
export function devMailRoutes(db: Queryable): Routes {
  const routes = createRoutes("/dev");
  routes.add(
    operation({
      id: "listKeptMails",
      method: "get",
      path: "/mail",
      summary: "List kept mails",
      tag: "Development",
      answers: { 200: { description: "The newest mails, newest first." } },
    }),
    async ({ request }) => {
      const rows = await db.query<{ at: Date; output: Mail }>(selectKept, [mailQueue]);
      const mails = rows.map(({ at, output }): KeptMail => ({ ...output, at }));
      const headers = { "Cache-Control": "no-store", Vary: "Accept" };
      if (preferredForm(request.headers.accept ?? "", { "application/json": "json", "text/html": "html" }) === "json")
        return ok({ items: mails }, headers);
      const { headers: pageHeaders, page } = renderMailPage(mails);
      return bytes(200, "text/html; charset=utf-8", page.html, { ...pageHeaders, ...headers });
    },
  );
  return routes;
}
