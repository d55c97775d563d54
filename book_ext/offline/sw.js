// Keeps the pages that a reader has visited, and Python once it was loaded, for where there is no
// network. It lies at the root of the site and sees nothing beside or above it.

// Everything that may be kept: its place below the root, and the beginning of its SHA-256. Files
// are kept by that digest, so that builds never mix, and what two of them share is kept once.
const FILES = {};
// What the page below says, from English to Chinese: no script asks the reader's language there.
const TEXTS = {};

const ROOT = new URL("./", self.location);
// Other books and sites of the same host have caches, too.
const NAME = `book at ${ROOT.pathname}`;
const PYTHON = Object.keys(FILES).filter((path) => /^live\/\w{16}\/[^/]+$/.test(path));
const PATIENCE_MS = 4000;
// Whether the site has been built anew: until the next one of these scripts has come, it is asked
// for everything, so that no page is made of two builds.
let isOutdated = false;

// The place of an address, or undefined where it is not the book's.
function placeOf(address) {
  const url = new URL(address);
  if (url.origin !== ROOT.origin || !url.pathname.startsWith(ROOT.pathname)) return undefined;
  const place = decodeURIComponent(url.pathname.slice(ROOT.pathname.length));
  const path = place === "" || place.endsWith("/") ? `${place}index.html` : place;
  return Object.hasOwn(FILES, path) ? path : undefined;
}

const keyOf = (path) => new URL(`kept/${FILES[path]}?${encodeURIComponent(path)}`, ROOT).href;
const open = () => caches.open(NAME);
const kept = async (path) => (await open()).match(keyOf(path), { ignoreSearch: true });

async function digest(response) {
  const found = await crypto.subtle.digest("SHA-256", await response.arrayBuffer());
  const bytes = [...new Uint8Array(found)].slice(0, 6);
  return bytes.map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

// Keeps an answer if it is of this build.
async function keep(path, response) {
  if (response.status !== 200) return;
  if ((await digest(response.clone())) === FILES[path])
    await (await open()).put(keyOf(path), response);
  else isOutdated = true;
}

async function keepAll(paths) {
  for (const path of new Set(paths)) {
    if (path === undefined || (await kept(path))) continue;
    // A file that is not kept is missed by nobody who has a network.
    const response = await fetch(new URL(path, ROOT), { cache: "no-cache" }).catch(() => null);
    if (response) await keep(path, response).catch(() => {});
  }
}

// What earlier builds kept is kept as it is now, and goes.
async function renew() {
  const cache = await open();
  for (const { url } of await cache.keys()) {
    const path = decodeURIComponent(new URL(url).search.slice(1));
    if (Object.hasOwn(FILES, path) && keyOf(path) === url) continue;
    const wanted = path.endsWith("/course.zip") ? PYTHON : [path];
    for (const now of wanted.filter((one) => Object.hasOwn(FILES, one))) {
      const same = await kept(now);
      if (same) await cache.put(keyOf(now), same);
      else await keepAll([now]);
    }
    await cache.delete(url);
  }
}

self.addEventListener("install", () => self.skipWaiting());
self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));

self.addEventListener("message", (event) => {
  const { visited, python } = event.data;
  const paths = [...visited.map(placeOf), ...(python ? PYTHON : [])];
  event.waitUntil(renew().then(() => keepAll(paths)));
});

self.addEventListener("fetch", (event) => {
  const path = placeOf(event.request.url);
  if (event.request.method !== "GET" || path === undefined) return;
  // These two say which build the site is.
  const isAsked = event.request.mode === "navigate" || path === "live/book.json";
  event.respondWith(isAsked || isOutdated ? fromSite(event, path) : fromHere(event, path));
});

async function fromSite(event, path) {
  const here = await kept(path);
  const late = new Promise((_, reject) => {
    if (here) setTimeout(reject, PATIENCE_MS);
  });
  try {
    return await Promise.race([fetched(event, path), late]);
  } catch {
    return here ?? (event.request.mode === "navigate" ? notHere() : Response.error());
  }
}

async function fromHere(event, path) {
  return (await kept(path)) ?? fetched(event, path);
}

async function fetched(event, path) {
  const response = await fetch(event.request);
  const copy = response.clone();
  event.waitUntil(keep(path, copy).catch(() => {}));
  return response;
}

// What is said of a page that was not visited before the network went.
async function notHere() {
  const cache = await open();
  const pages = [];
  for (const { url } of await cache.keys()) {
    const path = decodeURIComponent(new URL(url).search.slice(1));
    if (!path.endsWith(".html") || path === "index.html") continue;
    const text = await (await cache.match(url)).text();
    const title = /<title>(.*?)( &#8212;.*)?<\/title>/.exec(text)?.[1];
    pages.push(`<li><a href="${new URL(path, ROOT)}">${title ?? path}</a></li>`);
  }
  const both = (text) => `${text} <span lang="zh-Hant-TW">${TEXTS[text]}</span>`;
  const missed = "This page was not visited before, so it is not on this device. These are:";
  const body =
    '<!DOCTYPE html><html lang="en"><meta charset="utf-8"><title>No network</title>' +
    '<meta name="viewport" content="width=device-width"><meta name="color-scheme" ' +
    'content="light dark"><body style="font: 1.1rem/1.6 sans-serif; max-width: 34rem; ' +
    `margin: 2rem auto; padding: 0 1rem"><h1>${both("No network")}</h1>` +
    `<p>${both(missed)}</p><ul>${pages.join("")}</ul>`;
  return new Response(body, { status: 503, headers: { "Content-Type": "text/html" } });
}
