import { setTimeout as sleep } from "node:timers/promises";
import { setReadOnly } from "../../shared/servers/stores/database.ts";
import { desktop, type Photographer, type PictureOptions, phone, startPhotographer } from "./photographer.ts";
import { type Stage, startStage } from "./stage.ts";
import { renderFirstStart } from "./terminal.ts";

const dark = { colorScheme: "dark" } as const;
const daysUntilWarning = 12;
const fleetSize = 100;
/** The plots of the page need some points, and rates are averages. */
const warmUpMs = 60_000;
const settleMs = 20_000;

export type Subject = "terminal" | "status pages";

export async function takePictures(options: PictureOptions, subjects: readonly Subject[]): Promise<void> {
  const photographer = await startPhotographer(options);
  // The terminal comes first, because its server uses port 4000 of every address.
  if (subjects.includes("terminal")) await photographer.takeDocument("terminal.png", await renderFirstStart());
  if (!subjects.includes("status pages")) return;
  const stage = await startStage();
  await sleep(warmUpMs);
  await takeHealthy(photographer, stage);
  await takeOutage(photographer, stage);
  await takeImpaired(photographer, stage);
  // The large fleet comes last, because its healthy instances would change the verdicts in the other pictures.
  await takeLargeFleet(photographer, stage);
}

async function takeHealthy({ takeStatusPage }: Photographer, { url }: Stage): Promise<void> {
  const state = { url, verdict: "Healthy", text: "All 3 instances are ready." } as const;
  await takeStatusPage({ ...state, name: "status-page/healthy.png" });
  await takeStatusPage({ ...state, name: "status-page/healthy-dark.png", view: { ...desktop, ...dark } });
  await takeStatusPage({ ...state, name: "status-page/healthy-phone.png", view: phone });
}

/** One instance loses Postgres, and its balancer sends the requests to the two others. */
async function takeOutage({ takeStatusPage, waitFor }: Photographer, { url, member, startLoad, stopLoad }: Stage) {
  const { database } = member("api-server-2");
  await database.set("hole");
  await waitFor({ url, verdict: "Unhealthy" });
  await stopLoad("api-server-2");
  await sleep(settleMs);
  const state = { url, verdict: "Unhealthy", text: "only this instance is affected" } as const;
  await takeStatusPage({ ...state, name: "status-page.png" });
  await takeStatusPage({ ...state, name: "status-page/outage-dark.png", view: { ...desktop, ...dark } });
  await takeStatusPage({ ...state, name: "status-page/outage-phone.png", view: phone });
  await database.set("pass");
  await waitFor({ url, verdict: "Healthy" });
  startLoad("api-server-2");
  await sleep(settleMs);
  await takeStatusPage({ name: "status-page/history.png", url, verdict: "Healthy", section: "History" });
}

/** Postgres is read-only, and a certificate expires soon. */
async function takeImpaired({ takeStatusPage }: Photographer, { url, databaseUrl, changeCertificate }: Stage) {
  await changeCertificate(daysUntilWarning, "api-server-2");
  await sleep(settleMs);
  await setReadOnly(databaseUrl, true);
  const state = { url, verdict: "Degraded", text: "most instances are affected" } as const;
  await takeStatusPage({ ...state, name: "status-page/impaired.png" });
  await takeStatusPage({ ...state, name: "status-page/impaired-dark.png", view: { ...desktop, ...dark } });
  await takeStatusPage({ ...state, name: "status-page/impaired-phone.png", view: phone });
  await setReadOnly(databaseUrl, false);
}

async function takeLargeFleet({ takeStatusPage }: Photographer, { url, growTo }: Stage) {
  await growTo(fleetSize);
  await sleep(settleMs);
  const state = { url, verdict: "Healthy", text: "more, all ready" } as const;
  await takeStatusPage({ ...state, name: "status-page/fleet-of-100.png" });
  await takeStatusPage({ ...state, name: "status-page/fleet-of-100-phone.png", view: phone });
}
