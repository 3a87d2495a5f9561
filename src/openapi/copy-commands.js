// Commands name the server by the address in the browser's address bar, which a proxy may have changed.
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
  setTimeout(() => {
    button.textContent = "Copy";
  }, 2000);
}

document.addEventListener("click", ({ target }) => {
  if (target.matches("[data-copy]")) copy(target);
});
