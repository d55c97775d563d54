// What Sphinx's searchtools.js, which comes before, leaves to be wished: snippets of prose, Chinese
// highlighted as it was typed, the glossary behind the chapter that explains a term.
(() => {
  const notProse = "h1, script, style, button, .headerlink, .cell, .cw-host, .math, .cell_output";
  const length = 240;
  // biome-ignore lint/suspicious/noTemplateCurlyInString: Sphinx puts the number in
  const FOUND = "Search finished, found ${resultCount} page(s) matching the search query.";
  const NOTHING =
    "Your search did not match any documents. Please make sure that all words are spelled " +
    "correctly and that you've selected enough categories.";
  let asked = "";
  const { markLanguage, t } = globalThis.bookLanguage;

  // What Sphinx itself says, in the reader's language.
  Object.assign(Documentation.TRANSLATIONS, {
    "Search Results": t("Search Results"),
    Searching: t("Searching"),
    "Preparing search...": t("Preparing search..."),
    ", in ": t(", in "),
    [FOUND]: t(FOUND),
    [NOTHING]: t(NOTHING),
  });
  addEventListener("DOMContentLoaded", () => {
    const results = document.getElementById("search-results");
    const mark = () => results.querySelectorAll("h2, .search-summary").forEach(markLanguage);
    if (results) new MutationObserver(mark).observe(results, { childList: true, subtree: true });
  });

  const parse = Search._parseQuery;
  Search._parseQuery = (query) => {
    const parsed = parse(query);
    asked = query.toLowerCase().trim();
    const typed = query.match(/[\u3400-\u9fff]+/g) ?? [];
    const words = [...parsed[3]].filter((word) => !/[\u3400-\u9fff]/.test(word));
    parsed[3] = new Set([...words, ...typed]);
    localStorage.setItem("sphinx_highlight_terms", [...parsed[3]].join(" "));
    return parsed;
  };

  Scorer.score = ([page, , , , score]) => (page === "chapters/glossary" ? score - 1 : score);

  Search.htmlToText = (html, anchor) => {
    const page = new DOMParser().parseFromString(html, "text/html");
    const article = page.querySelector("article.bd-article");
    const part = (anchor && article?.querySelector(anchor)) || article;
    if (!part) return "";
    for (const other of part.querySelectorAll(notProse)) other.remove();
    const meaning = part.localName === "dt" ? `: ${part.nextElementSibling.textContent}` : "";
    return (part.textContent + meaning).replace(/\s+/g, " ").trim();
  };

  Search.makeSearchSummary = (html, words, anchor) => {
    const text = Search.htmlToText(html, anchor);
    if (!text) return null;
    const lower = text.toLowerCase();
    const found = [asked, ...words].map((word) => lower.indexOf(word)).find((at) => at >= 0) ?? 0;
    const wanted = Math.max(found - length / 3, 0);
    const from = wanted ? text.indexOf(" ", wanted) + 1 : 0;
    const rest = text.slice(from);
    const part = rest.length > length ? `${rest.slice(0, rest.lastIndexOf(" ", length))} …` : rest;
    const summary = document.createElement("p");
    summary.className = "context";
    summary.textContent = (from ? "… " : "") + part;
    return summary;
  };
})();
