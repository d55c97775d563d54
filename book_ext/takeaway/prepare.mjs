// A page of the book as it stands where nothing can be pressed: on paper and in an EPUB.

const FOR_THE_SCREEN =
  ".headerlink, .copybtn, .exercise-elsewhere, .exercise-hint, .only-dark, button, " +
  ".bd-article script:not([data-widget])";

// `names` are pages like "chapters/roc"; `toPaper` keeps what draws the widgets, otherwise they
// show what readers without scripts see.
export async function prepared(names, toPaper) {
  return Promise.all(names.map((name) => one(name, new Set(names), toPaper)));
}

async function one(name, names, toPaper) {
  const address = new URL(`${name}.html`, location.origin);
  const response = await fetch(address);
  const page = new DOMParser().parseFromString(await response.text(), "text/html");
  const article = page.querySelector("article.bd-article");
  for (const node of article.querySelectorAll(FOR_THE_SCREEN)) node.remove();
  for (const image of article.querySelectorAll("img")) {
    image.removeAttribute("loading");
    image.src = new URL(image.getAttribute("src"), address).href;
  }
  // What a widget says to readers of a notebook without scripts.
  for (const said of article.querySelectorAll(".cw-host > p:last-child"))
    if (said.textContent.startsWith("Scripts do not run here")) said.remove();
  const [section] = article.children;
  answersAtTheEnd(section);
  solutionsAtTheEnd(section);
  for (const details of article.querySelectorAll("details.hide")) details.remove();
  for (const details of article.querySelectorAll("details")) details.open = true;
  const title = section.querySelector("h1").textContent;
  links(article, name, address, names, toPaper);
  const headings = [
    ...section.querySelectorAll(":scope > section > h2, :scope > section > .summary-card > h2"),
  ].map((heading) => ({
    id: heading.closest("section").id,
    text: heading.textContent,
  }));
  const made = { name, title, id: section.id, headings };
  if (toPaper) return { ...made, html: article.innerHTML };
  return { ...made, ...asXhtml(article) };
}

function make(above, tag, properties, ...children) {
  const node = Object.assign(above.ownerDocument.createElement(tag), properties);
  node.append(...children);
  return node;
}

function atTheEnd(section, id, title) {
  const end = make(section, "section", { id }, make(section, "h2", {}, title));
  section.append(end);
  return end;
}

function solutionsAtTheEnd(section) {
  const solutions = section.querySelectorAll(".exercise .tag_solution");
  if (!solutions.length) return;
  const end = atTheEnd(section, "solutions-at-the-end", "Solutions");
  for (const solution of solutions) {
    const card = solution.closest(".exercise");
    const title = card.getAttribute("aria-label").replace("Exercise ", "");
    const to = make(section, "a", { href: `#${end.id}-${card.id}` }, "at the end of the chapter");
    solution.replaceWith(make(section, "p", { className: "to-the-end" }, "Solution: ", to));
    for (const summary of solution.querySelectorAll("summary")) summary.remove();
    for (const details of solution.querySelectorAll("details"))
      details.replaceWith(...details.childNodes);
    const back = make(section, "a", { href: `#${card.id}` }, title);
    const head = make(section, "p", { id: `${end.id}-${card.id}`, className: "of-exercise" }, back);
    end.append(head, solution);
  }
}

// The questions of a quiz; on paper, too, what can be read without scripts.
function answersAtTheEnd(section) {
  for (const quiz of section.querySelectorAll('.cw-host[data-label="Quiz"]')) {
    for (const node of [...quiz.parentElement.children]) if (node !== quiz) node.remove();
    const end = atTheEnd(section, "answers-at-the-end", "Answers to the questions");
    const list = make(section, "ol", {});
    end.append(list);
    quiz.className = "questions";
    for (const [at, answer] of [...quiz.querySelectorAll("details")].entries()) {
      const question = answer.previousElementSibling.previousElementSibling;
      question.prepend(make(section, "b", {}, `${at + 1}. `));
      answer.querySelector("summary").remove();
      list.append(make(section, "li", {}, ...answer.childNodes));
      answer.remove();
    }
  }
}

// In one file every place has a name of its own; what the file does not hold is no link.
function links(article, name, address, names, toPaper) {
  const place = (page, id) => (toPaper ? `${page.replaceAll("/", "-")}--${id}` : id);
  if (toPaper)
    for (const node of article.querySelectorAll("[id]:not(.cw-host)"))
      node.id = place(name, node.id);
  const back = name.replace(/[^/]+/g, "..").replace(/^..\/?/, "");
  for (const link of article.querySelectorAll("a[href]")) {
    const href = link.getAttribute("href");
    const to = new URL(href, address);
    const page = to.pathname.slice(1).replace(/\.html$/, "");
    const id = to.hash.slice(1);
    if (to.origin !== address.origin) continue;
    if (!names.has(page)) link.replaceWith(...link.childNodes);
    else if (toPaper)
      link.setAttribute("href", `#${id ? place(page, decodeURI(id)) : anchor(page)}`);
    else link.setAttribute("href", page === name ? to.hash : `${up(back)}${page}.xhtml${to.hash}`);
  }
}

const up = (back) => (back ? `${back}/` : "");
const anchor = (page) => page.replaceAll("/", "-");

function asXhtml(article) {
  for (const node of article.querySelectorAll("script, style")) node.remove();
  for (const math of article.querySelectorAll("mjx-assistive-mml > math"))
    math.closest("mjx-container").replaceWith(math);
  for (const table of article.querySelectorAll("table[border]")) table.removeAttribute("border");
  const images = [...article.querySelectorAll("img")].map((image) => image.src);
  return { xhtml: new XMLSerializer().serializeToString(article), images };
}
