import type { Api } from "../../../features/create-once.ts";
import { createRoutes, type Routes } from "../../../http/create-routes.ts";
import { created, ifMatchPrecondition, okWithEtag, updated } from "../../../http/etag.ts";
import { noContent } from "../../../http/responses.ts";
import { operations } from "./schema.ts";
import type { NoteService } from "./service.ts";

export function noteRoutes(notes: NoteService, { authenticate, create, page }: Api): Routes {
  const routes = createRoutes("/api/v1", authenticate);
  routes.add(operations.create, (input) =>
    create(input, async (tx) => {
      const note = await notes.create(tx, input.caller.userId, input.body);
      return created(`/api/v1/notes/${note.id}`, note);
    }),
  );
  routes.add(operations.list, async ({ caller: { userId }, query: { limit, cursor, q }, request }) => {
    const list = { scope: ["notes", userId, q], limit, cursor, searchLimitKey: q && userId };
    return okWithEtag(request, await page(list, (pageRequest) => notes.list(userId, q, pageRequest)));
  });
  routes.add(operations.get, async ({ caller, params, request }) =>
    okWithEtag(request, await notes.get(caller.userId, params.noteId)),
  );
  routes.add(operations.update, async ({ caller, params, body, request }) =>
    updated(await notes.change(caller.userId, params.noteId, body, ifMatchPrecondition(request))),
  );
  routes.add(operations.remove, async ({ caller, params, request }) => {
    await notes.remove(caller.userId, params.noteId, ifMatchPrecondition(request));
    return noContent();
  });
  return routes;
}
