import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import sharp from "sharp";
import { fitsInto, mebibyte, memoryBudget } from "../../src/config/memory-budget.ts";
import { readConfig } from "../../src/config/read-config.ts";
import { bytesOf, instancesOf, layouts, serviceOf } from "../docker/compose-files.ts";
import { failOrSkip } from "../shared/programs.ts";
import { ask, postJson } from "../shared/requests/http.ts";
import { bearer, sameSecret } from "../shared/requests/people.ts";
import { startHavenProcess } from "../shared/servers/haven-process.ts";
import { addPhoto, owner } from "../support/fixtures/owners.ts";
import { aProperty } from "../support/fixtures/property-fixtures.ts";
import { createMemoryCgroup } from "../support/memory-cgroup.ts";

// Checks the memory budget of docs/memory.md. The kernel limits a server to the memory of the shipped Compose file, and the
// server gets the worst case of all kinds of load at the same time.

const shipped = serviceOf("lb", instancesOf("lb")[0] ?? "");
const limitBytes = bytesOf(shipped.deploy.resources.limits.memory);
const heapOption = shipped.environment["NODE_OPTIONS"] ?? "";
const heapMiB = Number(/^--max-old-space-size=(\d+)$/.exec(heapOption)?.[1]);

/** How much of the heap the test fills in advance. The server needs the remaining 160 MiB for the load of the test. */
const ballastMiB = heapMiB - 160;

/** If the peak of memory is lower, the load was too small. The peak contains the ballast and one image while it is decoded. */
const minPeakMiB = ballastMiB + 400;

/** Returns an image of 16 megapixels with the most expensive decoding options, and with the maximum size of an upload. */
async function createWorstAvif(): Promise<Buffer> {
  const raw = { width: 4000, height: 4000, channels: 4 } as const;
  const pixels = Buffer.alloc(raw.width * raw.height * raw.channels, 0x7a);
  const avif = await sharp(pixels, { raw })
    .avif({ effort: 0, quality: 30, chromaSubsampling: "4:4:4", bitdepth: 12 })
    .toBuffer();
  // The padding is an AVIF box that decoders skip.
  const padding = Buffer.alloc(4_900_000 - avif.length);
  padding.writeUInt32BE(padding.length, 0);
  padding.write("free", 4, "latin1");
  return Buffer.concat([avif, padding]);
}

suite("the memory of an instance", () => {
  for (const layout of layouts)
    test(`docker-compose.${layout}.yml: the worst case and a margin fit into the memory limit`, () => {
      for (const name of instancesOf(layout)) {
        const { deploy, environment } = serviceOf(layout, name);
        assertFits(bytesOf(deploy.resources.limits.memory) / mebibyte, environment);
      }
    });

  test("a server with a nearly full heap survives AVIF uploads, logins and JSON bodies within the configured memory", async () => {
    const cgroup = createMemoryCgroup(limitBytes);
    if (cgroup === undefined) return failOrSkip("the test of memory limits (this machine cannot create a cgroup)");
    const avif = await createWorstAvif();
    const ballast = new URL("../support/heap-ballast.ts", import.meta.url).href;
    const haven = await startHavenProcess({
      entry: "main",
      cgroup: cgroup.folder,
      withinMs: 60_000,
      env: {
        ...sameSecret,
        NODE_ENV: "production",
        NODE_OPTIONS: `${heapOption} --import=${ballast}`,
        TEST_HEAP_BALLAST_MB: String(ballastMiB),
        // Overload protection is off, because the test needs the memory of the full load also on a slow machine.
        OVERLOAD_DELAY_MS: "0",
        IMAGE_TIMEOUT_MS: "30000",
        IMAGE_QUEUE_TIMEOUT_MS: "60000",
        REQUEST_TIMEOUT_MS: "90000",
        UPLOAD_MAX_PER_USER: "4",
      },
    });
    const people = await Promise.all(Array.from({ length: 6 }, () => owner(haven.url)));
    const json = JSON.stringify({ ...aProperty, name: "x".repeat(900_000) });
    const counts = { uploads: 0, logins: 0, bodies: 0 };
    const hasExited = () => haven.child.exitCode !== null || haven.child.signalCode !== null;
    const startedAt = performance.now();
    const peakMiB = () => Math.round(cgroup.peakBytes() / mebibyte);
    // On a busy machine, decoding is slower but takes the same memory.
    const isLoadSufficient = () => {
      const elapsedMs = performance.now() - startedAt;
      const isComplete = counts.uploads >= 4 && counts.logins >= 50 && counts.bodies >= 100;
      return isComplete || elapsedMs > 60_000 || (elapsedMs > 30_000 && peakMiB() > minPeakMiB);
    };
    const repeat = async (work: () => Promise<void>) => {
      // The loop also ends when the server was killed, so that the test fails with its exit, not with refused connections.
      while (!hasExited() && !isLoadSufficient()) await work().catch(() => sleep(50));
    };

    await Promise.all([
      ...people.flatMap((person) =>
        Array.from({ length: 2 }, () =>
          repeat(async () => {
            const { status } = await addPhoto(haven.url, person, avif);
            if (status === 201) counts.uploads += 1;
            else await sleep(300);
          }),
        ),
      ),
      ...Array.from({ length: 4 }, () =>
        repeat(async () => {
          await postJson(`${haven.url}/api/v1/auth/login`, {
            email: "unknown@example.org",
            password: "not the password",
          });
          counts.logins += 1;
        }),
      ),
      ...people.slice(0, 3).map((person) =>
        repeat(async () => {
          await ask(`${haven.url}/api/v1/properties`, {
            method: "POST",
            headers: { ...bearer(person), "content-type": "application/json" },
            body: json,
          });
          counts.bodies += 1;
        }),
      ),
    ]);

    assert.equal(cgroup.killed(), 0, `the kernel killed the server after ${JSON.stringify(counts)}`);
    assert.equal(hasExited(), false, haven.output().slice(-2000));
    assert.equal((await ask(`${haven.url}/alive`)).status, 200);
    assert.ok(peakMiB() > minPeakMiB, `${peakMiB()} MiB after ${JSON.stringify(counts)}`);
  });
});

/** Asserts that the memory budget fits into the limit. The message lists the parts of the budget. */
function assertFits(limitMiB: number, environment: Record<string, string | null | undefined>): void {
  const heap = /^--max-old-space-size=(\d+)$/.exec(environment["NODE_OPTIONS"] ?? "")?.[1];
  // Leaves out secrets, because their files are missing here and do not change the memory.
  const settings = Object.entries(environment).filter(([name]) => name !== "NODE_OPTIONS" && !name.endsWith("_FILE"));
  const { maxBytesHeldByUploads, imagesAtOnce } = limitsOf(
    Object.fromEntries([...settings.map(([name, value]) => [name, value ?? undefined]), ["NODE_ENV", "test"]]),
  );
  const budget = { heapMiB: Number(heap), maxBytesHeldByUploads, imagesAtOnce };
  assert.ok(fitsInto(limitMiB, budget), `${JSON.stringify(memoryBudget(budget))} in ${limitMiB} MiB`);
}

function limitsOf(settings: Record<string, string | undefined>) {
  const { photos } = readConfig(settings);
  return { maxBytesHeldByUploads: photos.maxBufferedBytes, imagesAtOnce: photos.images.maxConcurrent };
}
