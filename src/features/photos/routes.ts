import { createRoutes, type Routes } from "../../http/create-routes.ts";
import { created, ifMatchPrecondition, okWithEtag } from "../../http/etag.ts";
import { noContent } from "../../http/responses.ts";
import type { Api } from "../create-once.ts";
import { operations } from "./schema.ts";
import type { PhotoService } from "./service.ts";
import type { Uploads } from "./uploads/uploads.ts";

export type PhotoParts = { photos: PhotoService; uploads: Uploads };

export function photoRoutes({ photos, uploads }: PhotoParts, { authenticate, create, page }: Api): Routes {
  const routes = createRoutes("/api/v1", authenticate);
  routes.add(operations.create, async ({ caller, params: { propertyId }, request }) => {
    await photos.assertPropertyExists(caller.userId, propertyId);
    return uploads.take(request, { userId: caller.userId, fields: ["photo"], mustBeForm: true }, (image) =>
      photos.create(image, request.context.signal, (save) =>
        create({ request, caller, params: { propertyId }, body: image }, async (tx) => {
          const photo = await save(tx, caller.userId, propertyId);
          return created(`/api/v1/photos/${photo.id}`, photo);
        }),
      ),
    );
  });
  routes.add(operations.list, async ({ caller: { userId }, params: { propertyId }, query, request }) =>
    okWithEtag(
      request,
      await page({ scope: ["photos", userId, propertyId], ...query }, (pageRequest) =>
        photos.list(userId, propertyId, pageRequest),
      ),
    ),
  );
  routes.add(operations.get, async ({ caller, params, request }) =>
    okWithEtag(request, await photos.get(caller.userId, params.photoId)),
  );
  routes.add(operations.remove, async ({ caller, params, request }) => {
    await photos.remove(caller.userId, params.photoId, ifMatchPrecondition(request));
    return noContent();
  });
  return routes;
}
