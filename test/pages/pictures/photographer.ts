import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { BrowserContextOptions, Page } from "playwright-core";
import sharp from "sharp";
import { atEnd } from "../../shared/at-end.ts";
import { evaluate, launch } from "../../support/browser.ts";
import { pageOverflow } from "../../support/in-page.ts";

export type PictureOptions = { folder: string; fullPage: boolean };

/** A status page, and what it has to show before the picture is taken. */
export type State = {
  url: string;
  /** The verdict that the page has to show. */
  verdict: "Healthy" | "Degraded" | "Unhealthy";
  /** A text that the page has to show. */
  text?: string;
};

/** A picture of a status page. */
export type Shot = State & {
  /** The file below the folder of the pictures. */
  name: string;
  view?: BrowserContextOptions;
  /** The heading of a section, for a picture of this section only. */
  section?: string;
};

export const desktop: BrowserContextOptions = { viewport: { width: 1280, height: 1000 } };
export const phone: BrowserContextOptions = { viewport: { width: 390, height: 844 }, isMobile: true };

const withinMs = 60_000;

export async function startPhotographer({ folder, fullPage }: PictureOptions) {
  const browser = await launch();
  atEnd(() => browser.close());

  /** Writes the picture with a palette, which is enough for pages with few colours, and reduces the file to a third. */
  const write = async (name: string, png: Uint8Array): Promise<void> => {
    const file = join(folder, name);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, await sharp(png).png({ palette: true, compressionLevel: 9, effort: 10 }).toBuffer());
    process.stdout.write(`${file}\n`);
  };

  const openPage = async ({ url, verdict, text }: State, view: BrowserContextOptions) => {
    const context = await browser.newContext(view);
    const page = await context.newPage();
    page.setDefaultTimeout(withinMs);
    await page.goto(`${url}/health/detailed`);
    await page.getByRole("heading", { level: 1, name: verdict, exact: true }).waitFor();
    if (text !== undefined) await page.getByText(text).first().waitFor();
    return { page, close: () => context.close() };
  };

  return {
    /** Waits until the status page shows the state. */
    async waitFor(state: State): Promise<void> {
      await (await openPage(state, desktop)).close();
    },

    /** Waits until the page shows the state, and takes the picture. Fails if the page is wider than the window. */
    async takeStatusPage({ name, view = desktop, section, ...state }: Shot): Promise<void> {
      const { page, close } = await openPage(state, view);
      const picture =
        section === undefined
          ? await page.screenshot({ fullPage })
          : await page.screenshot({ fullPage: true, clip: await areaOf(page, section) });
      await write(name, picture);
      const overflow = await evaluate(page, pageOverflow);
      if (overflow !== 0) throw new Error(`${name} is ${String(overflow)} pixels wider than the window.`);
      await close();
    },

    /** Takes a picture of a document without scripts. */
    async takeDocument(name: string, html: string): Promise<void> {
      const context = await browser.newContext({ viewport: { width: 1600, height: 400 } });
      const page = await context.newPage();
      await page.setContent(html);
      await write(name, await page.locator("pre").screenshot());
      await context.close();
    },
  };
}

const marginPx = 24;

async function areaOf(page: Page, section: string) {
  const box = await page.getByRole("region", { name: section }).boundingBox();
  if (box === null) throw new Error(`The page has no section ${section}.`);
  const { x, y, width, height } = box;
  return { x: x - marginPx, y: y - marginPx, width: width + 2 * marginPx, height: height + 2 * marginPx };
}

export type Photographer = Awaited<ReturnType<typeof startPhotographer>>;
