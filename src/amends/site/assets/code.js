// The square on a letter leads to /c#CODE. What stands after # never leaves the browser: this moves it into the form
// and takes it out of the address. Without JavaScript the code is typed.
(function () {
  "use strict";
  var code = decodeURIComponent(location.hash.slice(1)).replace(/[^0-9A-Za-z -]/g, "").slice(0, 40);
  var field = document.getElementById("code");
  if (!code || !field) { return; }
  history.replaceState(null, "", location.pathname);
  field.value = code;
  document.querySelectorAll("a[hreflang]").forEach(function (link) {
    link.hash = encodeURIComponent(code);
  });
  var button = document.querySelector("#code-form button");
  if (button) { button.focus(); }
})();
