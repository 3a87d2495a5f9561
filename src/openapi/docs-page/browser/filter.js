import { find } from "./find.js";

const filter = find("filter");

function applyFilter() {
  const words = filter.value.toLowerCase().split(/\s+/).filter(Boolean);
  let count = 0;
  for (const element of document.querySelectorAll("[data-words]")) {
    element.hidden = !words.every((word) => element.dataset.words.includes(word));
    if (!element.hidden && element.matches("article")) count += 1;
  }
  for (const group of document.querySelectorAll("[data-group]")) {
    group.hidden = group.querySelector("[data-words]:not([hidden])") === null;
  }
  find("found").textContent = words.length === 0 ? "" : count + (count === 1 ? " operation" : " operations");
  find("none").hidden = count > 0;
  for (const element of document.querySelectorAll(".guide, #sign-in")) element.hidden = words.length > 0;
}

filter.addEventListener("input", applyFilter);
document.addEventListener("keydown", (event) => {
  const isTyping = event.target.matches("input, textarea, select");
  if (event.key === "/" && !isTyping && !event.ctrlKey && !event.metaKey && !event.altKey) {
    event.preventDefault();
    filter.focus();
  } else if (event.key === "Escape" && event.target === filter) {
    filter.value = "";
    applyFilter();
  }
});
document.addEventListener("click", ({ target }) => {
  const link = target.closest?.("a[href^='#']");
  if (!link || filter.value === "") return;
  const anchor = find(link.hash.slice(1));
  if (!anchor?.closest("[hidden]")) return;
  filter.value = "";
  applyFilter();
});

// Highlights, in the list of contents, the operation that is on the screen.
const contents = document.querySelector(".contents");
const observer = new IntersectionObserver(
  (entries) => {
    for (const { isIntersecting, target } of entries) {
      if (!isIntersecting) continue;
      for (const previous of contents.querySelectorAll("[aria-current]")) previous.removeAttribute("aria-current");
      const link = contents.querySelector(`a[href='#${target.id}']`);
      if (!link) continue;
      link.setAttribute("aria-current", "true");
      const [box, list] = [link.getBoundingClientRect(), contents.getBoundingClientRect()];
      if (box.top < list.top || box.bottom > list.bottom) contents.scrollTop += box.top - list.top - list.height / 3;
    }
  },
  { rootMargin: "-10% 0px -80% 0px" },
);
for (const article of document.querySelectorAll("article")) observer.observe(article);
