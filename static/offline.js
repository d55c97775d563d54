// Starts what keeps visited pages on the reader's device. Where that is forbidden (a private
// window, a file) nothing is kept, and everything else works.
addEventListener("load", async () => {
  // Whoever writes the book on this machine wants to see what was just written.
  const isOwn = /^(localhost|127\.0\.0\.1|\[::1\])$/.test(location.hostname);
  if (isOwn || !location.protocol.startsWith("http") || !navigator.serviceWorker) return;
  const root = new URL(document.documentElement.dataset.content_root ?? "./", location.href);
  const links = { manifest: "book.webmanifest", "apple-touch-icon": "_static/icon-192.png" };
  for (const [rel, name] of Object.entries(links)) {
    const link = Object.assign(document.createElement("link"), { rel, href: new URL(name, root) });
    document.head.append(link);
  }
  const keep = async (more) => {
    const { active } = await navigator.serviceWorker.ready;
    const loaded = performance.getEntriesByType("resource").map(({ name }) => name);
    // A page asks for these only when they are used, or may not have them yet.
    const names = ["_static/scripts/bootstrap.js", "_static/texts.js", "live/book.json"];
    const late = names.map((name) => root.href + name);
    active.postMessage({ visited: [location.href, root.href, ...late, ...loaded], ...more });
  };
  try {
    const registration = await navigator.serviceWorker.register(new URL("sw.js", root));
    addEventListener("python-ready", () => keep({ python: true }));
    navigator.serviceWorker.addEventListener("controllerchange", () => keep());
    await keep();
    // Not a while after the page, as browsers do: a new build is to take over now.
    await registration.update();
  } catch {
    // Forbidden, or full.
  }
});
