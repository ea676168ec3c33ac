// Keys of the console. Every key only clicks or focuses something that is on the page: without this file all works by mouse
// and Tab. `g` then a letter opens a page (data-go), `/` focuses the search (data-search), `j` and `k` walk rows (data-row),
// any other key clicks or focuses what carries it (data-key), `?` lists them.
"use strict";
(function () {
  let going = false;
  const typing = (e) => e.target.closest("input:not([type=checkbox]):not([type=radio]), textarea, select, [contenteditable]");
  const all = (what) => Array.from(document.querySelectorAll(what)).filter((n) => n.offsetParent !== null);
  function use(node) {
    if (node.matches("input:not([type=checkbox]):not([type=radio]), textarea, select")) node.focus();
    else node.click();
  }
  function walk(step) {
    const rows = all("[data-row]");
    if (!rows.length) return;
    const at = rows.indexOf(document.activeElement);
    const next = rows[Math.min(rows.length - 1, Math.max(0, at + step))];
    next.focus();
    next.scrollIntoView({ block: "nearest" });
  }
  function show() {
    const box = document.getElementById("keys");
    if (!box) return;
    const list = document.getElementById("keys-list");
    list.replaceChildren();
    const lines = all("[data-go]").map((n) => ["g " + n.dataset.go, n.textContent]);
    all("[data-key]").forEach((n) => lines.push([n.dataset.key, n.dataset.says || n.textContent || n.getAttribute("aria-label") || n.name]));
    lines.push(["/", "Search"], ["j k", "Next and last row"], ["?", "This list"]);
    lines.forEach(([key, text]) => {
      const line = document.createElement("p"), k = document.createElement("kbd");
      k.textContent = key;
      line.append(k, " " + text.trim());
      list.append(line);
    });
    box.showModal();
  }
  document.addEventListener("keydown", (e) => {
    if (e.ctrlKey || e.metaKey || e.altKey || e.isComposing) return;
    if (typing(e)) {
      if (e.key === "Escape") e.target.blur();
      return;
    }
    let found = null;
    if (going) {
      going = false;
      found = all("[data-go]").find((n) => n.dataset.go === e.key);
    } else if (e.key === "g") {
      going = true;
      setTimeout(() => { going = false; }, 1500);
    } else if (e.key === "/") {
      found = document.querySelector("[data-search]");
    } else if (e.key === "j" || e.key === "k") {
      walk(e.key === "j" ? 1 : -1);
    } else if (e.key === "?") {
      show();
    } else {
      found = all("[data-key]").find((n) => n.dataset.key === e.key);
    }
    if (found) {
      e.preventDefault();
      use(found);
    }
  });
  // A form marked data-live sends itself when a choice changes; without script its button does.
  document.addEventListener("change", (e) => {
    const form = e.target.closest("form[data-live]");
    if (form) form.requestSubmit();
  });
  // A table wider than its place can be scrolled by keyboard; one that fits is no stop on the way.
  function reach() {
    document.querySelectorAll(".scroll").forEach((n) => {
      if (n.scrollWidth > n.clientWidth) n.tabIndex = 0;
      else n.removeAttribute("tabindex");
    });
  }
  document.addEventListener("DOMContentLoaded", reach);
  document.addEventListener("htmx:afterSettle", reach);
  window.addEventListener("resize", reach);
  document.addEventListener("htmx:beforeRequest", (e) => e.target.setAttribute("aria-busy", "true"));
  document.addEventListener("htmx:afterRequest", (e) => e.target.removeAttribute("aria-busy"));
})();
