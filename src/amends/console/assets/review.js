// The review screen: j and → go to the next card, k and ← to the one before; everything else is in keys.js.
"use strict";
(function () {
  document.addEventListener("keydown", (e) => {
    if (e.ctrlKey || e.metaKey || e.altKey || e.shiftKey || e.isComposing) return;
    if (e.target.closest("input, textarea, select, [contenteditable], dialog[open], .scroll")) return;
    const step = { j: "on", ArrowRight: "on", k: "back", ArrowLeft: "back" }[e.key];
    const link = step && document.querySelector(`[data-step="${step}"]`);
    if (!link) return;
    e.preventDefault();
    e.stopImmediatePropagation();
    link.click();
  }, true);
})();
