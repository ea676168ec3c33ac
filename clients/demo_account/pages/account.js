// The banner the server put here is checked again in the browser, and rendered from what the site signed.
import { showBanner } from "/amends-banner.js";

const place = document.getElementById("breach-banner");
showBanner(place, {
  from: "/account/banner",
  account: place.dataset.account,
  keys: JSON.parse(place.dataset.keys),
  link: JSON.parse(place.dataset.link),
  entity: place.dataset.entity,
  timeout: 2000, // what the server put here stands meanwhile
}).then((banner) => {
  place.dataset.shown = banner.why || banner.state;
});
