import { uuidv7 } from "../../core/ids.ts";
import { onConstraint } from "../../db/driver-errors.ts";
import type { Database, Queryable } from "../../db/pool.ts";
import type { ListPage, PageRequest } from "../../db/read-list.ts";
import type { Precondition } from "../../http/etag.ts";
import { notFound, orNotFound } from "../or-not-found.ts";
import type { PropertyService } from "../properties/service.ts";
import type { Images } from "./images/images.ts";
import { type Photo, photos } from "./repository.ts";
import { type FileStore, newFileName } from "./storage/storage.ts";

const resource = "photo";

export type PhotoDeps = {
  db: Database;
  properties: Pick<PropertyService, "get">;
  images: Pick<Images, "photo">;
  files: Omit<FileStore, "get">;
};

/** Writes the photo's row and its files in a transaction. */
export type SavePhoto = (tx: Queryable, owner: string, propertyId: string) => Promise<Photo>;

export function createPhotoService({ db, properties, images, files }: PhotoDeps) {
  return {
    /** Call before the upload is read, so that no image is processed for a missing property. */
    async assertPropertyExists(owner: string, propertyId: string): Promise<void> {
      await properties.get(owner, propertyId);
    },

    /** Images are processed and uploaded before the transaction, so that this work holds no database connection. */
    async create<T>(image: Buffer, signal: AbortSignal, commit: (save: SavePhoto) => Promise<T>): Promise<T> {
      const { list, page } = await images.photo(image, signal);
      const [listFile, pageFile] = [newFileName(), newFileName()];
      const sizes = [
        { name: listFile, bytes: list.bytes },
        { name: pageFile, bytes: page.bytes },
      ];
      const { width, height } = page;
      return files.put(sizes, (recordFiles) =>
        commit(async (tx, owner, propertyId) => {
          const insert = photos.insert(tx, owner, { id: uuidv7(), propertyId, width, height, listFile, pageFile });
          const photo = orNotFound(
            await insert.catch(onConstraint("photos_property_fkey", () => notFound("property"))),
            resource,
          );
          await recordFiles(tx);
          return photo;
        }),
      );
    },

    async list(owner: string, propertyId: string, page: PageRequest): Promise<ListPage<Photo>> {
      const list = await photos.list(db, owner, propertyId, page);
      // An empty list may mean that the property does not exist.
      if (list.items.length === 0) await properties.get(owner, propertyId);
      return list;
    },

    get: async (owner: string, id: string): Promise<Photo> => orNotFound(await photos.find(db, owner, id), resource),

    remove: (owner: string, id: string, precondition: Precondition): Promise<void> =>
      db.transaction(async (tx) => {
        precondition(orNotFound(await photos.lock(tx, owner, id), resource));
        await files.remove(tx, await photos.remove(tx, owner, id));
      }),
  };
}

export type PhotoService = ReturnType<typeof createPhotoService>;
