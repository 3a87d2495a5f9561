export const pretendHidden = (hidden: boolean): string => `
  Object.defineProperty(document, "hidden", { configurable: true, get: () => ${hidden} });
  document.dispatchEvent(new Event("visibilitychange"));`;

/** Writes down every change of the one region that a screen reader reads aloud. */
export const recordAnnouncements = `
  window.announced = [];
  new MutationObserver(() => window.announced.push(document.getElementById("announcer").textContent))
    .observe(document.getElementById("announcer"), { childList: true, characterData: true, subtree: true });
  undefined`;
