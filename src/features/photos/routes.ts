import { AppError } from "../../core/app-error.ts";
import { created, ifMatchPrecondition, okWithEtag } from "../../http/etag.ts";
import { createRoutes, type Routes } from "../../http/operation.ts";
import { noContent, ok } from "../../http/responses.ts";
import type { Api } from "../create-once.ts";
import type { AvatarService } from "./avatars.ts";
import { serveImage } from "./images/serve-image.ts";
import { getUpload, operations } from "./schema.ts";
import type { PhotoService } from "./service.ts";
import { type FileStore, isFileName } from "./storage/storage.ts";
import type { Uploads } from "./uploads/uploads.ts";

export type PhotoParts = { photos: PhotoService; avatars: AvatarService; uploads: Uploads; files: FileStore };

export function photoRoutes({ photos, avatars, uploads }: PhotoParts, { authenticate, create, page }: Api): Routes {
  const routes = createRoutes("/api/v1", authenticate);
  routes.add(operations.create, async ({ caller, params: { propertyId }, request }) => {
    await photos.assertPropertyExists(caller.userId, propertyId);
    return uploads.take(request, { userId: caller.userId, fields: ["photo"], formOnly: true }, (image) =>
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
  routes.add(operations.changeAvatar, ({ caller, request }) =>
    uploads.take(request, { userId: caller.userId, fields: ["avatar", "photo"], formOnly: false }, async (image) =>
      ok(await avatars.change(caller.userId, image, request.context.signal)),
    ),
  );
  routes.add(operations.removeAvatar, async ({ caller }) => {
    await avatars.remove(caller.userId);
    return noContent();
  });
  return routes;
}

/** Public: the random name is the only protection. */
export function uploadRoutes({ files }: Pick<PhotoParts, "files">): Routes {
  const routes = createRoutes("/uploads");
  routes.add(getUpload, async ({ params: { name }, request }) => {
    const image = isFileName(name) ? await files.get(name, request.context.signal) : undefined;
    if (image === undefined) throw new AppError("not_found", "Image not found.");
    return serveImage(request, name, image);
  });
  return routes;
}
