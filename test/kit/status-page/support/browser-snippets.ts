/** A script that makes the page hidden or visible, as a change of the browser tab does. */
export const pretendHidden = (hidden: boolean): string => `
  Object.defineProperty(document, "hidden", { configurable: true, get: () => ${hidden} });
  document.dispatchEvent(new Event("visibilitychange"));`;

/** A script that records every change of the live region, which a screen reader announces. */
export const recordAnnouncements = `
  window.announced = [];
  new MutationObserver(() => window.announced.push(document.getElementById("announcer").textContent))
    .observe(document.getElementById("announcer"), { childList: true, characterData: true, subtree: true });
  undefined`;
