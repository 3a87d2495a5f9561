import type { UploadParts } from "../../composition/uploads.ts";
import type { Database } from "../../db/pool.ts";
import type { Api } from "../../features/create-once.ts";
import { avatarRoutes, uploadRoutes } from "../../features/photos/upload-routes.ts";
import type { Routes } from "../../http/create-routes.ts";
import { noteRoutes } from "./notes/routes.ts";
import { createNoteService } from "./notes/service.ts";

export type FeatureDeps = { db: Database; api: Api; uploadParts: UploadParts };

/** Creates the features. Their order is that of the API reference. */
export function composeFeatures({ db, api, uploadParts }: FeatureDeps): readonly Routes[] {
  return [noteRoutes(createNoteService({ db }), api), avatarRoutes(uploadParts, api), uploadRoutes(uploadParts)];
}
