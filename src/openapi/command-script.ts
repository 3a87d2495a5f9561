/** Browser code: commands name the server as the browser does, who may know it better, and can be copied. */
export const commandScript = `
const { origin } = document.body.dataset;
for (const code of document.querySelectorAll(".curl code")) {
  code.textContent = code.textContent.replaceAll(origin, location.origin);
}

async function copy(button) {
  const code = button.parentElement.querySelector("code");
  try {
    await navigator.clipboard.writeText(code.textContent);
    button.textContent = "Copied";
  } catch {
    getSelection().selectAllChildren(code);
    button.textContent = "Selected";
  }
  setTimeout(() => { button.textContent = "Copy"; }, 2000);
}

document.addEventListener("click", ({ target }) => {
  if (target.matches("[data-copy]")) copy(target);
});
document.documentElement.classList.add("js");
`;

const withoutIndentation = (text: string): string => text.replaceAll(/\n\s*/g, "\n");

export const asScript = (...parts: readonly string[]): string =>
  withoutIndentation(`"use strict";(()=>{${parts.join("")}})();`);
