import { AppError } from "../../core/errors/app-error.ts";
import { createRoutes, type Routes } from "../../http/create-routes.ts";
import { noContent, ok } from "../../http/responses.ts";
import type { Api } from "../create-once.ts";
import type { AvatarService } from "./avatars.ts";
import { serveImage } from "./images/serve-image.ts";
import { type FileStore, isFileName } from "./storage/storage.ts";
import { avatarOperations, getUpload } from "./upload-schema.ts";
import type { Uploads } from "./uploads/uploads.ts";

export type AvatarParts = { avatars: AvatarService; uploads: Uploads };

export function avatarRoutes({ avatars, uploads }: AvatarParts, { authenticate }: Pick<Api, "authenticate">): Routes {
  const routes = createRoutes("/api/v1", authenticate);
  routes.add(avatarOperations.changeAvatar, ({ caller, request }) =>
    uploads.take(request, { userId: caller.userId, fields: ["avatar", "photo"], mustBeForm: false }, async (image) =>
      ok(await avatars.change(caller.userId, image, request.context.signal)),
    ),
  );
  routes.add(avatarOperations.removeAvatar, async ({ caller }) => {
    await avatars.remove(caller.userId);
    return noContent();
  });
  return routes;
}

/** Images need no authentication. Only the random name protects them. */
export function uploadRoutes({ files }: { files: FileStore }): Routes {
  const routes = createRoutes("/uploads");
  routes.add(getUpload, async ({ params: { name }, request }) => {
    const image = isFileName(name) ? await files.get(name, request.context.signal) : undefined;
    if (image === undefined) throw new AppError("not_found", "Image not found.");
    return serveImage(request, name, image);
  });
  return routes;
}
