// @ts-check
/*
 * Shows the banner of an Amends site on a page of the company.
 *
 * The browser asks the COMPANY's own server (`from`), never the site: the request key belongs to the server. The server
 * answers with what the site signed, as the site sent it (a compact JWS). This file checks signature, times and account,
 * and renders the words. Whatever goes wrong, it shows the neutral banner: no claim either way, a link to the site.
 *
 *   <div id="breach-banner"></div>
 *   <script type="module">
 *     import { showBanner } from "/amends-banner.js";
 *     showBanner(document.getElementById("breach-banner"), {
 *       from: "/account/breach-banner",
 *       account: "3f…",                                     // the account reference your server gives this page
 *       keys: [{ kty: "OKP", crv: "Ed25519", x: "…" }],     // from the site's /v1/keys, put here by your server
 *       link: { en: "https://help.larkspur.example/en/", es: "https://help.larkspur.example/es/" },
 *       entity: "Larkspur Wireless",
 *     });
 *   </script>
 *
 * No dependency, no build step, no cookie, nothing stored. A banner never counts as notice.
 */

const LANGUAGES = ["en", "es"];
const WORDS = ["headline", "sentence", "offer", "notice", "link_text", "link"];
const STATES = ["yes", "no", "undecided"];
const SKEW_SECONDS = 60;
const MOST_CHARACTERS = 65536;

/**
 * @typedef {{
 *   headline: string, sentence: string, elements: string[], offer: string, notice: string, link_text: string, link: string
 * }} Texts
 * @typedef {{state: string, elements: string[], offers: object[], texts: Record<string, Texts>, edition: number, why: string}} Banner
 * @typedef {{
 *   from: string, account: string, keys: JsonWebKey[], link?: Record<string, string>, entity?: string,
 *   language?: string, timeout?: number, unverified?: boolean, fetch?: typeof fetch, now?: () => number,
 *   headingLevel?: number
 * }} Options
 *
 * from: address on the company's own server that answers with the JWS.
 * account: the account reference the answer must be about.
 * keys: public keys of the site.
 * link, entity: for the neutral banner.
 * language: "en" or "es"; that of the page when left out.
 * timeout: milliseconds until the banner is neutral; 300 when left out.
 * unverified: show answers where the browser cannot check Ed25519 (before 2025), trusting the company's own server; else
 *   the banner is neutral there.
 * headingLevel: 2 when left out.
 */

/**
 * Ask for the banner and show it. Never throws.
 *
 * @param {HTMLElement} place
 * @param {Options} options
 * @returns {Promise<Banner>} what was shown
 */
export async function showBanner(place, options) {
  const banner = await askBanner(options);
  render(place, banner, options);
  return banner;
}

/**
 * Ask for the banner. Never throws: what cannot be relied on is neutral.
 *
 * @param {Options} options
 * @returns {Promise<Banner>}
 */
export async function askBanner(options) {
  const limit = options.timeout ?? 300;
  const stop = new AbortController();
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => {
      reject(new Error("timeout"));
      stop.abort();
    }, limit);
  });
  try {
    return await Promise.race([answerFrom(options, stop.signal), late]);
  } catch (error) {
    return neutral(options, error instanceof Error ? error.message : "error");
  } finally {
    clearTimeout(timer);
  }
}

/** @param {Options} options @param {AbortSignal} signal @returns {Promise<Banner>} */
async function answerFrom(options, signal) {
  const ask = options.fetch ?? fetch;
  const answer = await ask(options.from, {
    signal,
    cache: "no-store",
    credentials: "same-origin",
    redirect: "error",
    headers: { Accept: "application/jose" },
  });
  if (answer.status !== 200) throw new Error(`status ${answer.status}`);
  const token = (await answer.text()).trim();
  if (token.length > MOST_CHARACTERS) throw new Error("length");
  const payload = await readAnswer(token, options);
  return { ...payload, why: "" };
}

/**
 * Return what an answer says, once it is known to be the site's, fresh, and about this account.
 *
 * @param {string} token
 * @param {Options} options
 * @returns {Promise<any>}
 */
export async function readAnswer(token, options) {
  const parts = token.split(".");
  if (parts.length !== 3) throw new Error("no answer");
  const header = fromJson(parts[0]);
  if (header.alg !== "EdDSA") throw new Error("algorithm");
  await verify(parts, header.kid, options);
  const payload = fromJson(parts[1]);
  const now = (options.now ?? Date.now)() / 1000;
  if (typeof payload.sub !== "string" || payload.sub !== options.account.toLowerCase()) {
    throw new Error("another account");
  }
  if (!(payload.iat - SKEW_SECONDS <= now && now < payload.exp)) throw new Error("time");
  if (!STATES.includes(payload.state)) throw new Error("state");
  for (const language of LANGUAGES) {
    const words = payload.texts[language];
    const whole = WORDS.every((name) => typeof words[name] === "string");
    if (!whole) throw new Error("texts");
    if (words.elements.length !== payload.elements.length) throw new Error("elements");
  }
  return payload;
}

/** @param {string[]} parts @param {unknown} kid @param {Options} options */
async function verify(parts, kid, options) {
  const jwk = options.keys.find((key) => /** @type {any} */ (key).kid === undefined || /** @type {any} */ (key).kid === kid);
  if (!jwk) throw new Error("unknown key");
  let key;
  try {
    key = await crypto.subtle.importKey(
      "jwk",
      { kty: jwk.kty, crv: jwk.crv, x: jwk.x },
      { name: "Ed25519" },
      false,
      ["verify"],
    );
  } catch {
    if (options.unverified === true) return;
    throw new Error("signatures cannot be checked here");
  }
  const message = new TextEncoder().encode(`${parts[0]}.${parts[1]}`);
  const good = await crypto.subtle.verify({ name: "Ed25519" }, key, bytesOf(parts[2]), message);
  if (!good) throw new Error("signature");
}

/** @param {string} text */
function bytesOf(text) {
  const plain = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
  return Uint8Array.from(plain, (letter) => letter.charCodeAt(0));
}

/** @param {string} text @returns {any} */
function fromJson(text) {
  const value = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytesOf(text)));
  if (typeof value !== "object" || value === null) throw new Error("no answer");
  return value;
}

/**
 * Return the banner that makes no claim.
 *
 * @param {{link?: Record<string, string>, entity?: string}} options
 * @param {string} why
 * @returns {Banner}
 */
export function neutral(options, why = "") {
  const link = options.link ?? {};
  const entity = options.entity;
  const texts = {
    en: {
      headline: `There was a data breach${entity ? ` at ${entity}` : ""}`,
      sentence: "Here is what happened and what you can do.",
      elements: [],
      offer: "",
      notice: "This banner is not a notice. If your information was involved, you get a letter or an e-mail.",
      link_text: "What happened, and what you can do",
      link: link.en ?? "",
    },
    es: {
      headline: `Hubo una violación de datos${entity ? ` en ${entity}` : ""}`,
      sentence: "Aquí puede leer qué pasó y qué puede hacer.",
      elements: [],
      offer: "",
      notice:
        "Este mensaje no es un aviso. Si su información está involucrada, recibirá una carta o un correo electrónico.",
      link_text: "Qué pasó y qué puede hacer usted",
      link: link.es ?? "",
    },
  };
  return { state: "neutral", elements: [], offers: [], texts, edition: 0, why };
}

/**
 * Put a banner into an element: a labelled region, announced politely, made of text nodes only.
 *
 * @param {HTMLElement} place
 * @param {Banner} banner
 * @param {{language?: string, headingLevel?: number}} options
 */
export function render(place, banner, options = {}) {
  const page = place.ownerDocument;
  const asked = (options.language ?? page.documentElement.lang ?? "en").slice(0, 2).toLowerCase();
  const language = LANGUAGES.includes(asked) ? asked : "en";
  const words = banner.texts[language];
  const region = page.createElement("section");
  region.className = "amends-banner";
  region.lang = language;
  region.dataset.state = banner.state;
  const heading = page.createElement(`h${options.headingLevel ?? 2}`);
  heading.id = `${place.id || "amends"}-banner-title`;
  heading.textContent = words.headline;
  region.setAttribute("aria-labelledby", heading.id);
  region.append(heading, paragraph(page, words.sentence));
  if (words.elements.length > 0) {
    const list = page.createElement("ul");
    for (const name of words.elements) {
      const item = page.createElement("li");
      item.textContent = name;
      list.append(item);
    }
    region.append(list);
  }
  if (words.offer) region.append(paragraph(page, words.offer));
  region.append(paragraph(page, words.notice));
  if (/^https?:\/\//i.test(words.link)) {
    const anchor = page.createElement("a");
    anchor.href = words.link;
    anchor.textContent = words.link_text;
    const last = page.createElement("p");
    last.append(anchor);
    region.append(last);
  }
  place.setAttribute("aria-live", "polite");
  place.replaceChildren(region);
}

/** @param {Document} page @param {string} text */
function paragraph(page, text) {
  const made = page.createElement("p");
  made.textContent = text;
  return made;
}
