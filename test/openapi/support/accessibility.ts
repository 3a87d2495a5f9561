/** Finds controls without a name, repeated ids, skipped heading levels and responses without a live region. */
export const findObstacles = `(() => {
  const found = [];
  const labels = (one) => [...(one.labels ?? [])].map((label) => label.textContent).join("");
  // The value of a field is not its name.
  const name = (one) => one.getAttribute("aria-label") || (one.matches("input, select, textarea") ? labels(one) : one.textContent);
  for (const one of document.querySelectorAll("input, select, textarea, button, a, summary")) {
    if (name(one).trim() === "") found.push("no name: " + one.outerHTML.slice(0, 120));
  }
  for (const one of document.querySelectorAll("nav, section, article")) {
    const label = one.getAttribute("aria-label") ?? document.getElementById(one.getAttribute("aria-labelledby"))?.textContent;
    if (!label) found.push("no name: " + one.outerHTML.slice(0, 120));
  }
  for (const one of document.querySelectorAll("[aria-describedby]")) {
    if (!document.getElementById(one.getAttribute("aria-describedby"))) found.push("not described: " + one.outerHTML.slice(0, 120));
  }
  for (const form of document.querySelectorAll(".try form")) {
    if (form.parentElement.querySelector("[role=status]") === null) found.push("no live region: " + form.dataset.id);
  }
  const ids = [...document.querySelectorAll("[id]")].map(({ id }) => id);
  found.push(...ids.filter((id, at) => ids.indexOf(id) !== at).map((id) => "id used twice: " + id));
  for (const link of document.querySelectorAll("a[href^='#']")) {
    if (!document.getElementById(link.hash.slice(1))) found.push("link without a target: " + link.hash);
  }
  let level = 0;
  for (const heading of document.querySelectorAll("h1, h2, h3, h4, h5, h6")) {
    const next = Number(heading.tagName[1]);
    if (next > level + 1) found.push("skips a level: " + heading.textContent);
    level = next;
  }
  for (const landmark of ["header", "nav", "main"]) {
    if (document.querySelectorAll("body " + landmark).length === 0) found.push("no " + landmark);
  }
  return found;
})()`;

/** Finds focusable elements without a visible focus. The page must have the keyboard focus. */
export const findInvisibleFocus = `(() => {
  const stops = [...document.querySelectorAll("a[href], button, input, select, textarea, summary, [tabindex='0']")];
  const found = [];
  for (const one of stops.filter((one) => one.checkVisibility())) {
    one.focus();
    const { outlineStyle, outlineWidth, outlineColor } = getComputedStyle(one);
    const shows = one.matches(":focus-visible") && outlineStyle !== "none" && parseFloat(outlineWidth) >= 2 && !/, 0\\)$/.test(outlineColor);
    if (document.activeElement !== one || !shows) found.push(one.outerHTML.slice(0, 120));
  }
  return stops.length > 0 ? found : ["nothing to focus"];
})()`;
