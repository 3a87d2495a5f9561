import { uuidv7 } from "../../core/ids.ts";
import { onConstraint } from "../../db/driver-errors.ts";
import type { Database, Queryable } from "../../db/pool.ts";
import type { ListPage, PageRequest } from "../../db/read-list.ts";
import type { Precondition } from "../../http/etag.ts";
import { notFound, orNotFound } from "../or-not-found.ts";
import type { PropertyService } from "../properties/service.ts";
import type { Images } from "./images.ts";
import { type Photo, photos } from "./repository.ts";
import { type FileStore, newFileName } from "./storage.ts";

const what = "photo";

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
    /** Before anything is read, so that nobody works on an image that has no place to go. */
    async admit(owner: string, propertyId: string): Promise<void> {
      await properties.get(owner, propertyId);
    },

    /** Image and bucket take their time before the transaction begins: no connection is held meanwhile. */
    async create<T>(image: Buffer, signal: AbortSignal, commit: (save: SavePhoto) => Promise<T>): Promise<T> {
      const { list, page } = await images.photo(image, signal);
      const [listFile, pageFile] = [newFileName(), newFileName()];
      const sizes = [
        { name: listFile, bytes: list.bytes },
        { name: pageFile, bytes: page.bytes },
      ];
      const { width, height } = page;
      return files.put(sizes, (record) =>
        commit(async (tx, owner, propertyId) => {
          const insert = photos.insert(tx, owner, { id: uuidv7(), propertyId, width, height, listFile, pageFile });
          const photo = orNotFound(
            await insert.catch(onConstraint("photos_property_fkey", () => notFound("property"))),
            what,
          );
          await record(tx);
          return photo;
        }),
      );
    },

    async list(owner: string, propertyId: string, slice: PageRequest): Promise<ListPage<Photo>> {
      const portion = await photos.list(db, owner, propertyId, slice);
      // Nothing there: of a property without photos, or of one that is not there itself.
      if (portion.items.length === 0) await properties.get(owner, propertyId);
      return portion;
    },

    get: async (owner: string, id: string): Promise<Photo> => orNotFound(await photos.find(db, owner, id), what),

    remove: (owner: string, id: string, expect: Precondition): Promise<void> =>
      db.transaction(async (tx) => {
        expect(orNotFound(await photos.lock(tx, owner, id), what));
        await files.remove(tx, await photos.remove(tx, owner, id));
      }),
  };
}

export type PhotoService = ReturnType<typeof createPhotoService>;
