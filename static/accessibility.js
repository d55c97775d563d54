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
  // What scrolls sideways must be reachable from the keyboard; the theme does it for code.
  const wide = [...document.querySelectorAll("div.math mjx-container")].filter(
    (formula) => formula.scrollWidth > formula.clientWidth,
  );
  for (const formula of wide) formula.tabIndex = 0;
});
// The search is a page of its own. Its index is fetched when somebody is about to search.
addEventListener("focusin", ({ target }) => {
  const isThere = document.querySelector('script[src$="searchindex.js"], link[rel="prefetch"]');
  if (isThere || !target.matches('input[name="q"]')) return;
  const href = `${document.documentElement.dataset.content_root}searchindex.js`;
  document.head.append(Object.assign(document.createElement("link"), { rel: "prefetch", href }));
});
