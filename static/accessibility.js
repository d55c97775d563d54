// Repairs of the theme's own faults, found by axe-core (sphinx-book-theme 1.3, pydata 0.17).
addEventListener("DOMContentLoaded", () => {
  // The visible text of the search buttons must be part of their name.
  for (const button of document.querySelectorAll(".search-button-field[aria-label]"))
    button.removeAttribute("aria-label");
  const home = document.querySelector(
    ".sidebar-primary-items__start > .sidebar-primary-item:first-child",
  );
  home?.setAttribute("role", "navigation");
  home?.setAttribute("aria-label", "Site home");
  // What scrolls must be reachable from the keyboard, and nothing else. Right after a layout asking
  // costs none. Code that is not drawn yet has none: then what the build said stays.
  const scrolls = (one) =>
    one.scrollWidth > one.clientWidth ||
    (one.matches(".output") && one.scrollHeight > one.clientHeight);
  const isDrawn = ({ firstElementChild: first }) =>
    first?.checkVisibility?.({ contentVisibilityAuto: true }) ?? true;
  const settle = (all) => {
    const targets = all.filter((one) => !one.matches("pre") || isDrawn(one));
    const indices = targets.map((one) => (scrolls(one) ? 0 : -1));
    targets.forEach((one, at) => {
      if (one.tabIndex !== indices[at]) one.tabIndex = indices[at];
    });
  };
  const settleSoon = (targets) => requestAnimationFrame(() => setTimeout(settle, 0, targets));
  const drawn = ({ target, skipped }) => skipped || settleSoon([target]);
  document.addEventListener("contentvisibilityautostatechange", drawn, true);
  const coming = new IntersectionObserver((entries) =>
    settleSoon(entries.map((entry) => entry.target)),
  );
  const wide = document.querySelectorAll(
    ".bd-article pre, .cell_output > .output, div.math mjx-container",
  );
  const ask = () => {
    coming.disconnect();
    for (const one of wide) coming.observe(one);
  };
  ask();
  addEventListener("resize", ask);
});
// The search is a page of its own. Its index is fetched when somebody is about to search.
addEventListener("focusin", ({ target }) => {
  const isThere = document.querySelector('script[src$="searchindex.js"], link[rel="prefetch"]');
  if (isThere || !target.matches('input[name="q"]')) return;
  const href = `${document.documentElement.dataset.content_root}searchindex.js`;
  document.head.append(Object.assign(document.createElement("link"), { rel: "prefetch", href }));
});
