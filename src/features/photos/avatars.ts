import type { Database } from "../../db/pool.ts";
import { avatars } from "./avatar-repository.ts";
import type { Images } from "./images/images.ts";
import { type FileStore, newFileName } from "./storage/storage.ts";

export type AvatarDeps = { db: Database; images: Pick<Images, "avatar">; files: Omit<FileStore, "get"> };

export function createAvatarService({ db, images, files }: AvatarDeps) {
  return {
    async change(userId: string, image: Buffer, signal: AbortSignal): Promise<{ avatarUrl: string }> {
      const { bytes } = await images.avatar(image, signal);
      const name = newFileName();
      await files.put([{ name, bytes }], (recordFiles) =>
        db.transaction(async (tx) => {
          await files.remove(tx, await avatars.replace(tx, userId, name));
          await recordFiles(tx);
        }),
      );
      return { avatarUrl: `/uploads/${name}` };
    },

    remove: (userId: string): Promise<void> =>
      db.transaction(async (tx) => files.remove(tx, await avatars.replace(tx, userId, null))),
  };
}

export type AvatarService = ReturnType<typeof createAvatarService>;
