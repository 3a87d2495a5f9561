/** Finds controls without a name, repeated ids, skipped heading levels and responses without a live region. */
export const findObstacles = `(() => {
  const obstacles = [];
  const labels = (element) => [...(element.labels ?? [])].map((label) => label.textContent).join("");
  // The text of a field is its value, so the name of a field is its label.
  const name = (element) => element.getAttribute("aria-label") || (element.matches("input, select, textarea") ? labels(element) : element.textContent);
  for (const control of document.querySelectorAll("input, select, textarea, button, a, summary")) {
    if (name(control).trim() === "") obstacles.push("no name: " + control.outerHTML.slice(0, 120));
  }
  for (const region of document.querySelectorAll("nav, section, article")) {
    const label = region.getAttribute("aria-label") ?? document.getElementById(region.getAttribute("aria-labelledby"))?.textContent;
    if (!label) obstacles.push("no name: " + region.outerHTML.slice(0, 120));
  }
  for (const element of document.querySelectorAll("[aria-describedby]")) {
    if (!document.getElementById(element.getAttribute("aria-describedby"))) obstacles.push("not described: " + element.outerHTML.slice(0, 120));
  }
  for (const form of document.querySelectorAll(".try form")) {
    if (form.parentElement.querySelector("[role=status]") === null) obstacles.push("no live region: " + form.dataset.id);
  }
  const ids = [...document.querySelectorAll("[id]")].map(({ id }) => id);
  obstacles.push(...ids.filter((id, at) => ids.indexOf(id) !== at).map((id) => "id used twice: " + id));
  for (const link of document.querySelectorAll("a[href^='#']")) {
    if (!document.getElementById(link.hash.slice(1))) obstacles.push("link without a target: " + link.hash);
  }
  let level = 0;
  for (const heading of document.querySelectorAll("h1, h2, h3, h4, h5, h6")) {
    const next = Number(heading.tagName[1]);
    if (next > level + 1) obstacles.push("skips a level: " + heading.textContent);
    level = next;
  }
  for (const landmark of ["header", "nav", "main"]) {
    if (document.querySelectorAll("body " + landmark).length === 0) obstacles.push("no " + landmark);
  }
  return obstacles;
})()`;

/** Finds focusable elements without a visible focus. The page must have the keyboard focus. */
export const findInvisibleFocus = `(() => {
  const stops = [...document.querySelectorAll("a[href], button, input, select, textarea, summary, [tabindex='0']")];
  const invisible = [];
  for (const stop of stops.filter((element) => element.checkVisibility())) {
    stop.focus();
    const { outlineStyle, outlineWidth, outlineColor } = getComputedStyle(stop);
    const isVisible = stop.matches(":focus-visible") && outlineStyle !== "none" && parseFloat(outlineWidth) >= 2 && !/, 0\\)$/.test(outlineColor);
    if (document.activeElement !== stop || !isVisible) invisible.push(stop.outerHTML.slice(0, 120));
  }
  return stops.length > 0 ? invisible : ["nothing to focus"];
})()`;
