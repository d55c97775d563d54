// Paper is white: a dark page is printed light. Solutions are printed where they are open, and the
// menu with the printer's entry offers to print all of them. A summary's card is printed alone.
addEventListener("DOMContentLoaded", () => {
  const { markLanguage, t } = globalThis.bookLanguage;
  const root = document.documentElement;
  let theme = null;
  const toPaper = () => {
    theme ??= root.dataset.theme;
    root.dataset.theme = "light";
  };
  const toScreen = () => {
    if (theme) root.dataset.theme = theme;
    theme = null;
  };
  addEventListener("beforeprint", toPaper);
  addEventListener("afterprint", toScreen);

  const card = document.querySelector(".summary-card");
  if (card) {
    const alone = document.createElement("button");
    alone.type = "button";
    alone.className = "summary-print";
    alone.textContent = t("Print this card");
    markLanguage(alone);
    alone.addEventListener("click", () => {
      root.dataset.printed = "summary";
      addEventListener("afterprint", () => delete root.dataset.printed, { once: true });
      print();
    });
    card.append(alone);
  }

  const solutions = [...document.querySelectorAll(".tag_solution details")];
  const entry = document.querySelector(".btn-download-pdf-button")?.closest("li");
  if (!entry || solutions.length === 0) return;
  const printAll = () => {
    const folded = solutions.filter((one) => !one.open);
    const fold = () => {
      for (const one of folded) one.open = false;
    };
    for (const one of folded) one.open = true;
    addEventListener("afterprint", fold, { once: true });
    print();
  };
  const other = entry.cloneNode(true);
  const button = other.querySelector("button");
  button.removeAttribute("onclick");
  button.title = t("Print to PDF, with all solutions");
  const text = button.querySelector(".btn__text-container");
  text.textContent = t(".pdf with solutions");
  markLanguage(text);
  button.addEventListener("click", printAll);
  entry.after(other);
});
