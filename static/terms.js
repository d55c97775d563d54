// What a term means, where the pointer or the keyboard is on its link to the glossary.
addEventListener("DOMContentLoaded", () => {
  const card = document.createElement("div");
  card.className = "term-card";
  card.id = "term-card";
  card.role = "tooltip";
  card.hidden = true;
  document.body.append(card);
  let link;

  const hide = () => {
    card.hidden = true;
    link?.removeAttribute("aria-describedby");
    link = undefined;
  };
  const place = () => {
    if (!link) return;
    const at = link.getClientRects()[0];
    const right = document.documentElement.clientWidth - card.offsetWidth - 8;
    const below = at.bottom + card.offsetHeight + 8 < innerHeight;
    card.style.left = `${Math.max(8, Math.min(at.left, right))}px`;
    card.style.top = `${below ? at.bottom : at.top - card.offsetHeight}px`;
  };
  const show = (target) => {
    hide();
    link = target;
    link.setAttribute("aria-describedby", card.id);
    // Its name in Chinese, and what it means in English
    const [name, ...meaning] = link.dataset.card.split(" · ");
    const inChinese = Object.assign(document.createElement("span"), { textContent: name });
    inChinese.lang = globalThis.bookLanguage.CHINESE;
    card.replaceChildren(inChinese, ` · ${meaning.join(" · ")}`);
    card.hidden = false;
    place();
  };
  const term = (event) => event.target.closest?.("a.term");

  document.addEventListener("focusin", (event) => (term(event) ? show(term(event)) : hide()));
  document.addEventListener("pointerover", (event) => {
    if (event.pointerType === "touch") return;
    if (term(event)) show(term(event));
    // The pointer may rest on the card.
    else if (!event.target.closest?.(".term-card")) hide();
  });
  addEventListener("keydown", (event) => event.key === "Escape" && hide());
  addEventListener("scroll", place, { passive: true });
});
