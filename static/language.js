// The interface in the reader's language: the switch, and what a page says around its text. Prose,
// titles and code stay as they were written. Widgets and exercises speak for themselves.
(() => {
  const { CHINESE, chooseLanguage, languageOf, speaksChinese, t } = globalThis.bookLanguage;
  const INTERFACE =
    ".bd-header-article :is(button, a, i, span, label), #pst-skip-link a, #pst-back-to-top, " +
    ".search-button-field, .search-button__default-text, .bd-search input, " +
    ".onthispage, .prev-next-area :is(a, p, span), .doors a, .chapters p, .chapter-number, " +
    ".summary-card :is(.rubric, .rubric span, .summary-next, .summary-next span), " +
    ".chapters p span, .exercise summary, .exercise-elsewhere, .exercise-elsewhere *, " +
    ".cell summary, .cell summary .admonition-title, .copybtn, .headerlink, #searchbox, " +
    "#searchbox *, .bd-search-container h1";
  const NAMES = ["title", "aria-label", "placeholder", "data-bs-title", "data-bs-original-title"];

  function translated(text) {
    const [number] = /\d+/.exec(text) ?? [];
    return number ? t(text.replace(number, "{n}"), { n: number }) : t(text);
  }

  function translate(element) {
    const texts = [...element.childNodes].filter((node) => node.nodeType === Node.TEXT_NODE);
    for (const node of texts) {
      const [said] = /[^\s·](.*[^\s·])?/s.exec(node.data) ?? [""];
      const english = said.replace(/\s+/g, " ");
      const chinese = translated(english);
      if (chinese === english) continue;
      node.data = node.data.replace(said, () => chinese);
      element.lang = CHINESE;
    }
    for (const name of NAMES) {
      const english = element.getAttribute(name);
      const chinese = english && translated(english);
      if (chinese === english) continue;
      element.setAttribute(name, chinese);
      element.lang = CHINESE;
    }
  }

  function addSwitch() {
    const [text, other] = speaksChinese ? ["EN", "en"] : ["中文", CHINESE];
    const button = Object.assign(document.createElement("button"), {
      type: "button",
      className: "btn btn-sm pst-navbar-icon language-switch",
      lang: languageOf(text),
      textContent: text,
      title: speaksChinese
        ? "介面改用英文 · Interface in English"
        : "Interface in Chinese · 介面改用中文",
      onclick() {
        chooseLanguage(other);
        location.reload();
      },
    });
    document.querySelector(".theme-switch-button")?.after(button);
  }

  addSwitch();
  if (speaksChinese) for (const element of document.querySelectorAll(INTERFACE)) translate(element);
})();
