// Small helps. Every page works without them.
"use strict";

// Copy what a button names: <button data-copy="id of the element">.
for (const button of document.querySelectorAll("[data-copy]")) {
  if (!navigator.clipboard) { button.hidden = true; continue }
  button.hidden = false;
  button.addEventListener("click", async () => {
    const from = document.getElementById(button.dataset.copy);
    await navigator.clipboard.writeText(from.value ?? from.textContent.trim());
    const word = button.textContent;
    button.textContent = "Copied";
    setTimeout(() => { button.textContent = word }, 2000);
  });
}

// Print what is on the page.
for (const button of document.querySelectorAll("[data-print]")) {
  button.hidden = false;
  button.addEventListener("click", () => window.print());
}

// Offer the browser's own time zone where none was chosen.
for (const pick of document.querySelectorAll("select[data-own-zone]")) {
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  if ([...pick.options].some((o) => o.value === zone)) pick.value = zone;
}

// Bring what has to be mended into view, and to screen readers.
document.querySelector(".problem")?.focus();

// A form is sent once, but for one that answers with a file (data-again).
for (const form of document.querySelectorAll("form[method=post]:not([data-again])")) {
  form.addEventListener("submit", () => {
    setTimeout(() => { for (const b of form.querySelectorAll("button")) b.disabled = true }, 0);
  });
}

// Coming back to a page with the browser's arrow makes its buttons work again.
addEventListener("pageshow", (e) => {
  if (e.persisted) for (const b of document.querySelectorAll("form button[disabled]")) b.disabled = false;
});
