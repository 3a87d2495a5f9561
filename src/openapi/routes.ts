import { setImmediate as nextTurn } from "node:timers/promises";
import type { DemoLogin } from "../core/embedded-engines.ts";
import { AppError, type ErrorCode } from "../core/errors/app-error.ts";
import { problemPath } from "../core/errors/problem-members.ts";
import { compressedResponse } from "../http/compressed-response.ts";
import { createRoutes, type Routes } from "../http/create-routes.ts";
import { staticResponse } from "../http/etag.ts";
import { problemKinds } from "../http/problem.ts";
import { ok } from "../http/responses.ts";
import { preferredForm } from "../kit/http/accept.ts";
import { renderDocsPage } from "./docs-page/page.ts";
import { createDocument } from "./document/create-document.ts";
import { renderLandingPage } from "./landing-page/page.ts";
import { linksOf } from "./links.ts";
import { operatorOperations } from "./listener-operations/operator-operations.ts";
import { probeOperations } from "./listener-operations/probe-operations.ts";
import { pageOfOrigin } from "./page-origin.ts";
import { operations } from "./schema.ts";

export type AboutDeps = {
  identity: { service: string; version: string; instance: string };
  cookieName: string;
  /** Whether this port serves operator endpoints too. */
  servesOperators: boolean;
  /** The account of the demo data, in development. */
  demoLogin?: DemoLogin | undefined;
  /** The page of kept mails, in development without a mail server. */
  mailPage?: string | undefined;
};

const asJson = { "Content-Type": "application/json; charset=utf-8" };

/** Returns the routes of the index, the reference page and the OpenAPI document. The server generates the last two at their first request. */
export function aboutRoutes(
  { identity, cookieName, servesOperators, demoLogin, mailPage }: AboutDeps,
  otherRoutes: readonly Routes[],
): Routes {
  const routes = createRoutes("/api");
  const links = linksOf(servesOperators);

  const index = staticResponse(`${JSON.stringify({ ...identity, links })}\n`, { ...asJson, Vary: "Accept" });
  const landing = renderLandingPage({ ...identity, links, demoLogin, mailPage });
  const landingPage = pageOfOrigin(landing.page, { ...landing.headers, Vary: "Accept" });
  routes.add(operations.index, ({ request }) =>
    preferredForm(request.headers.accept ?? "", indexTypes) === "html" ? landingPage(request) : index(request),
  );
  routes.add(operations.document, ({ request }) => document()(request));
  routes.add(operations.docs, async ({ request }) => {
    openApi();
    // The document and the page are generated in two turns of the event loop, because together they would block the event loop for too long.
    await nextTurn();
    return docs()(request);
  });
  routes.add(operations.problem, ({ params }) => {
    const kind = isErrorCode(params.code) ? problemKinds[params.code] : undefined;
    if (kind === undefined) throw new AppError("not_found", "Problem type not found.");
    const { status, title } = kind;
    return ok({ type: problemPath(params.code), code: params.code, status, title });
  });

  const openApi = once(() =>
    createDocument({
      version: identity.version,
      cookieName,
      routes: [...otherRoutes, routes],
      listenerOperations: [...probeOperations, ...(servesOperators ? operatorOperations : [])],
    }),
  );
  const document = once(() => compressedResponse(JSON.stringify(openApi()), asJson));
  const docs = once(() => {
    const reference = renderDocsPage(openApi(), links, demoLogin);
    return pageOfOrigin(reference.page, reference.headers);
  });
  return routes;
}

function once<T>(create: () => T): () => T {
  let created: { value: T } | undefined;
  return () => {
    created ??= { value: create() };
    return created.value;
  };
}

const indexTypes = { "application/json": "json", "text/html": "html" } as const;

const isErrorCode = (code: string): code is ErrorCode => Object.hasOwn(problemKinds, code);
