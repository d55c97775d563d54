// What every widget shares. No network; a widget looks up and draws. Python puts this file and the
// widget's own into one script, so neither is fetched.
//
// A widget is one function, `mount({ data, state, set, slider, choice, ghost })`. It makes its
// elements once and returns { controls, parts, draw }: what stays in sight while the reader looks
// at the rest, the rest, and how to show the state. `slider` and `choice` make controls that belong
// to a key of the state; keys of its own it gives a start. `set({ key: value })` changes the state;
// then all controls follow, `draw` draws, and the notebook is told. A widget that is `kept` holds
// what the reader has done so far: it cannot be reset, and no link leads to it. One that has an
// `ask` is seen after a guess (`prediction`), which `ghost` draws.
//
// Texts are in English, and shown in the reader's language: a constant one by whatever makes an
// element of it, one with numbers in it by `t`.

export function live(mount, host, data, start, changed) {
  const state = { ...start };
  const bound = new Map();
  const show = () => {
    for (const [key, control] of bound) control.set(state[key]);
    widget.draw?.();
    link?.follow(state);
    for (const element of host.querySelectorAll("*")) markLanguage(element);
  };
  const set = (next) => {
    Object.assign(state, next);
    show();
    changed(next);
  };
  const bind = (key, control) => {
    bound.set(key, control);
    return control;
  };
  let ask = null;
  const widget = mount({
    data,
    state,
    set,
    // What the reader has guessed, at a place that follows from it: ghost(plot, (guess) => [x, y]).
    ghost: (plot, place) => (ask?.value == null ? [] : [ring(plot, ...place(ask.value))]),
    // A labelled range over the positions of `values`; `say` turns a value into text. `choose` is
    // what a new position does, `last` the highest position where that changes.
    slider: (key, label, values, say, { choose = (at) => set({ [key]: at }), last } = {}) =>
      bind(key, range(label, values, state[key], say, choose, last)),
    // A labelled choice; `options` are texts, the value is the position.
    choice: (key, label, options, choose = (at) => set({ [key]: at })) =>
      bind(key, select(label, options, state[key], choose)),
  });
  const first = { ...state };
  const reset = () => set(first);
  // What a link asks for goes through the controls, which know what there is.
  const restore = (asked) => {
    try {
      for (const [key, control] of bound) if (key in asked) control.choose(asked[key]);
      const others = Object.entries(asked).filter(([key]) => !bound.has(key));
      set(Object.fromEntries(others.filter(([key, value]) => alike(value, first[key]))));
    } catch {
      reset();
    }
    if (ask?.value === undefined) ask?.guess(null);
    host.scrollIntoView();
  };
  const link = widget.kept || !onBookPage() ? null : linkToState(nameOf(host), restore);
  const title = h("b", { id: uniqueId("title"), class: "cw-title" }, host.dataset.label);
  const again = widget.kept ? [] : [button("Reset", { onclick: reset })];
  const head = h("div", { class: "cw-head" }, title, ...(link ? [link] : []), ...again);
  const lang = speaksChinese && CHINESE;
  const attributes = { class: "cw", role: "group", "aria-labelledby": title.id, lang };
  const strip = widget.controls ? [controlStrip(widget.controls)] : [];
  if (widget.ask) ask = prediction(widget.ask, host, set);
  const before = ask ? [ask] : [];
  host.replaceChildren(h("div", attributes, head, ...before, ...strip, ...widget.parts));
  ask?.follow();
  show();
  // What stands below is not there while the page arrives.
  onceRead(() => {
    ask?.follow();
    link?.open();
  });
  return (next) => {
    Object.assign(state, next);
    show();
  };
}

function onceRead(act) {
  if (document.readyState === "loading") addEventListener("DOMContentLoaded", act);
  else act();
}

// The live Jupyter form of every widget.
export function render(mount, model, el, label) {
  el.classList.add("cw-host");
  el.dataset.label = label;
  const changed = (next) => {
    model.set("state", { ...model.get("state"), ...next });
    model.save_changes();
  };
  const start = () => live(mount, el, model.get("data"), model.get("state"), changed);
  let update = start();
  model.on("change:state", () => update(model.get("state")));
  model.on("change:data", () => {
    update = start();
  });
}

// Languages ----------------------------------------------------------------------------------

// English, and Chinese from `texts.json`. A page has that table once, and a switch; in a notebook a
// widget brings what it needs of it, and the browser's language decides. The build puts this part,
// up to the next heading, on every page.
export const CHINESE = "zh-Hant-TW";
const CHOICE = "language of the book";
export const speaksChinese = /^zh(?!-(cn|hans|sg))/i.test(chosenLanguage() ?? navigator.language);

function chosenLanguage() {
  try {
    return localStorage.getItem(CHOICE);
  } catch {
    return null;
  }
}

export function chooseLanguage(language) {
  try {
    localStorage.setItem(CHOICE, language);
  } catch {
    // A forbidden store: the browser's language stays.
  }
}

// A text in the reader's language, or as it is: t("{n} {n:line|lines} long", { n: 3 }) fills the
// places, and takes the first of two words where the number is one.
export function t(text, places) {
  return places ? told(text, places).join("") : inLanguage(text);
}

// The same in pieces, for places that are elements.
export function told(text, places) {
  const pieces = inLanguage(text).split(/\{(\w+(?::[^}|]*\|[^}]*)?)\}/);
  return pieces.map((piece, at) => {
    if (at % 2 === 0) return piece;
    const [name, words] = piece.split(":");
    return words ? words.split("|")[String(places[name]) === "1" ? 0 : 1] : places[name];
  });
}

function inLanguage(text) {
  const texts = globalThis.cwTexts ?? {};
  return speaksChinese && Object.hasOwn(texts, text) ? texts[text] : text;
}

// Says which language the text of an element is in: a screen reader would read what is not
// translated with the wrong voice.
export function markLanguage(element) {
  if (!speaksChinese) return;
  const own = [...element.childNodes].filter((node) => node.nodeType === Node.TEXT_NODE);
  const texts = [...own.map((node) => node.data), element.getAttribute("aria-label")];
  const language = languageOf(texts.join(" "));
  if (language) element.setAttribute("lang", language);
}

// None where there is no word.
export function languageOf(text) {
  if (/[\u3400-\u9fff]/.test(text)) return CHINESE;
  return /[a-z]{2}/i.test(text) ? "en" : "";
}

// Guesses ------------------------------------------------------------------------------------

// Predict, then see. Until the reader has guessed, or would not, the widget is out of sight, and so
// is the paragraph below it on a page of the book, which tells the answer. Paper shows both. `ask`
// is { text, label, say, truth, see }: the question, what is guessed, a share as text, the right
// one, and the state that shows it.
function prediction({ text, label, say, truth, see }, host, set) {
  const shares = Array.from({ length: 101 }, (_, n) => n / 100);
  const answer = () =>
    onBookPage() ? host.closest("div.cell:has(+ p)")?.nextElementSibling : null;
  let at = 50;
  const choose = (to) => {
    at = to;
  };
  const question = h("p", { class: "cw-ask" }, text);
  const slider = range(label, shares, at, say, choose);
  const said = h("p", { "aria-live": "polite" });
  const act = button("", { onclick: () => decide(isAsking() ? shares[at] : undefined) });
  const pass = () => {
    decide(null);
    act.focus();
  };
  const skip = button("Skip", { onclick: pass });
  // For who has gone on already: the widget stays, or the page would jump.
  const onclick = () => {
    answer().classList.add("cw-told");
    later.remove();
  };
  const later = button("Read on without a guess", { class: "cw-later", onclick });
  markLanguage(later);
  const row = h("div", {}, act, " ", skip);
  const box = h("div", { class: "cw-guess" }, question, said, row);
  // A share; null, if the reader would not; undefined, as long as nothing is known.
  box.value = undefined;
  const isAsking = () => box.value === undefined;
  box.guess = (value) => {
    const shown = isAsking() && value !== null ? see : {};
    box.value = value;
    box.follow();
    set(shown);
  };
  const decide = (value) => {
    box.guess(value);
    // A page of the book remembers it.
    box.dispatchEvent(new CustomEvent("guess", { detail: value }));
  };
  box.follow = () => {
    const asking = isAsking();
    box.parentElement.classList.toggle("cw-asking", asking);
    answer()?.classList.toggle("cw-told", !asking);
    if (asking) {
      said.before(slider);
      answer()?.after(later);
    } else {
      slider.remove();
      later.remove();
    }
    skip.hidden = !asking;
    question.hidden = box.value === null;
    const turns = asking ? t("See the answer") : t(question.hidden ? "Guess first" : "Guess again");
    act.textContent = turns;
    said.textContent = box.value == null ? "" : verdict(box.value, truth, say);
  };
  return box;
}

function verdict(guess, truth, say) {
  return t("You guessed {guess}, the ? in the drawing; it is {truth}, {far}.", {
    guess: say(guess),
    truth: say(truth),
    far: distance(guess, truth, say),
  });
}

// How far a guess is off: "31 points too high".
export function distance(guess, truth, say) {
  const off = Math.round(100 * (guess - truth));
  if (off === 0) return t("well guessed");
  const points = Math.abs(off);
  const size = say(1).endsWith("%") ? counted(points, "point") : say(points / 100);
  return t(off > 0 ? "{size} too high" : "{size} too low", { size });
}

// Elements -----------------------------------------------------------------------------------

// An id that no widget of the page has; each widget carries a kit of its own.
export function uniqueId(kind) {
  globalThis.cwSerial = (globalThis.cwSerial ?? 0) + 1;
  return `cw-${kind}-${globalThis.cwSerial}`;
}

// An HTML element: h("p", { class: "x", onclick: f }, "text", child, …)
export function h(tag, attributes = {}, ...children) {
  return dress(document.createElement(tag), attributes, ...children);
}

// An SVG element, with the same arguments.
export function s(tag, attributes = {}, ...children) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
  return dress(element, attributes, ...children);
}

export function dress(element, attributes, ...children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value !== null && value !== undefined && value !== false)
      element.setAttribute(name, /^(aria-label|title)$/.test(name) ? t(value) : value);
  }
  // What says its language, such as a question of a quiz, is shown as it is.
  const isText = (child) => typeof child === "string" && !("lang" in attributes);
  element.append(...children.map((child) => (isText(child) ? t(child) : child)));
  return element;
}

// What a screen reader reads aloud when it changes.
export function spoken() {
  return h("p", { "aria-live": "polite", class: "cw-said" });
}

// Text in one of the two colors, dark enough to read: ink("disease", "■ ill").
export function ink(kind, text) {
  return h("span", { class: `cw-${kind}-ink` }, text);
}

// A table. A row is its head and its cells: a name, which `fill` puts a text into, or an element.
export function grid(heads, rows, caption) {
  const cells = {};
  const cell = (each) => {
    if (typeof each !== "string") return h("td", {}, each);
    cells[each] = h("td", { "data-cell": each });
    return cells[each];
  };
  const table = h("table");
  if (caption) table.append(h("caption", {}, caption));
  if (heads.length) {
    const row = h("tr", {}, ...heads.map((text) => h("th", { scope: "col" }, text)));
    table.append(h("thead", {}, row));
  }
  const lines = rows.map(([head, ...rest]) =>
    h("tr", {}, h("th", { scope: "row" }, head), ...rest.map(cell)),
  );
  table.append(h("tbody", {}, ...lines));
  table.cells = cells;
  table.fill = (texts) => {
    for (const [name, text] of Object.entries(texts)) cells[name].textContent = text;
  };
  return table;
}

// A wide table scrolls by itself, also from the keyboard.
export function scrolling(label, child) {
  const attributes = { class: "cw-scroll", tabindex: 0, role: "region", "aria-label": label };
  return h("div", attributes, child);
}

// JupyterLab would otherwise take the keys for its own shortcuts.
export function keepKeys(element) {
  element.dataset.lmSuppressShortcuts = "true";
  return element;
}

// Controls -----------------------------------------------------------------------------------

// The controls of a widget, below each other on a phone. Where they are too many to stay in sight
// together, the one that was used last stays.
function controlStrip(controls) {
  const hold = (one) => {
    for (const each of controls) each.classList.toggle("cw-held", each === one);
  };
  const held = ({ target }) => hold(controls.find((each) => each.contains(target)));
  hold(controls.at(-1));
  const many = controls.length > 3 ? " cw-many" : "";
  const attributes = { class: `cw-controls${many}`, onpointerdown: held, onfocusin: held };
  return h("div", attributes, ...controls);
}

// Label and value above a track as wide as the widget, between two buttons that go one step.
function range(label, values, position, say, choose, last = () => values.length - 1) {
  const go = (at) => {
    input.value = at;
    speak();
    choose(+input.value);
  };
  const oninput = () => go(+input.value);
  const id = uniqueId("input");
  const input = keepKeys(h("input", { id, type: "range", min: 0, max: last(), step: 1, oninput }));
  const output = h("output", { for: id });
  // The keyboard has the arrow keys.
  const step = (by, sign, what) =>
    button(sign, {
      class: "cw-step",
      tabindex: -1,
      "aria-label": t(what, { label: t(label) }),
      onclick: () => go(+input.value + by),
    });
  const less = step(-1, "−", "{label}: one step back");
  const more = step(1, "+", "{label}: one step on");
  const speak = () => {
    output.textContent = t(say(values[+input.value]));
    input.setAttribute("aria-valuetext", output.textContent);
    less.disabled = +input.value === 0;
    more.disabled = +input.value === last();
  };
  const row = h(
    "div",
    { class: "cw-slider" },
    h("div", { class: "cw-name" }, h("label", { for: id }, label), output),
    h("div", { class: "cw-track" }, less, input, more),
  );
  row.choose = (at) => choose(placeAmong(at, last()));
  row.set = (value) => {
    input.max = last();
    input.value = value;
    speak();
  };
  row.set(position);
  return row;
}

function select(label, options, position, choose) {
  const texts = options.map((text, at) => h("option", { value: at }, text));
  const id = uniqueId("input");
  const input = h("select", { id, onchange: () => choose(+input.value) }, ...texts);
  const row = h("div", { class: "cw-choice" }, h("label", { for: id }, label), input);
  row.choose = (at) => choose(placeAmong(at, options.length - 1));
  row.set = (value) => {
    input.value = value;
  };
  row.set(position);
  return row;
}

// What a stranger's link calls a position, as one that there is.
function placeAmong(asked, last) {
  return Number.isInteger(asked) ? within(asked, 0, last) : 0;
}

export function button(text, attributes = {}) {
  return keepKeys(h("button", { type: "button", ...attributes }, text));
}

// Keys that do something on this element: onKeys(element, { Home: (event) => … }).
function onKeys(element, actions) {
  keepKeys(element).addEventListener("keydown", (event) => {
    const act = actions[event.key];
    if (!act) return;
    event.preventDefault();
    event.stopPropagation();
    act(event);
  });
}

// The arrow keys as steps to the right and down.
export function onArrows(element, move) {
  onKeys(element, {
    ArrowLeft: (event) => move(-1, 0, event),
    ArrowRight: (event) => move(1, 0, event),
    ArrowUp: (event) => move(0, -1, event),
    ArrowDown: (event) => move(0, 1, event),
  });
}

// Dragging to the side, and a tap. A mouse acts at once; a finger that moves down the page scrolls
// it, and has changed nothing by then (in the style sheet: touch-action).
export function onDrag(element, act) {
  const slack = 8;
  let press = null;
  element.addEventListener("pointerdown", (event) => {
    press = { x: event.clientX, waits: event.pointerType !== "mouse" };
    if (press.waits) return;
    element.setPointerCapture(event.pointerId);
    act(event);
  });
  element.addEventListener("pointermove", (event) => {
    if (!press || !event.buttons) return;
    press.waits &&= Math.abs(event.clientX - press.x) < slack;
    if (!press.waits) act(event);
  });
  element.addEventListener("pointerup", (event) => {
    if (press) act(event);
    press = null;
  });
  element.addEventListener("pointercancel", () => {
    press = null;
  });
}

// Where the pointer is, in the drawing's own units.
export function pointer(svg, { clientX, clientY }) {
  const box = svg.getBoundingClientRect();
  const { x, y, width, height } = svg.viewBox.baseVal;
  return [
    x + ((clientX - box.left) / box.width) * width,
    y + ((clientY - box.top) / box.height) * height,
  ];
}

// Position of the smallest of the values.
export function smallest(values) {
  return values.indexOf(Math.min(...values));
}

export function within(value, low, high) {
  return Math.min(high, Math.max(low, value));
}

// Links --------------------------------------------------------------------------------------

// On a page of the book the address can hold a widget's state:
// #widget=threshold-explorer&threshold=12&cost=3
const fragment = (name, state) => {
  const said = Object.entries(state).map(([key, value]) => [key, JSON.stringify(value)]);
  return `#${new URLSearchParams([["widget", name], ...said])}`;
};

function onBookPage() {
  return "content_root" in document.documentElement.dataset;
}

// The widget's title for an address, with a number where it is not the first of its kind.
function nameOf(host) {
  const { label } = host.dataset;
  const kin = [...document.querySelectorAll(".cw-host")].filter(
    (one) => one.dataset.label === label,
  );
  const number = kin.indexOf(host);
  return label.toLowerCase().replaceAll(/\W+/g, "-") + (number ? `-${number + 1}` : "");
}

function linkToState(name, restore) {
  const say = (text, all = text) => dress(link, { "aria-label": all }).replaceChildren(t(text));
  const onclick = (event) => {
    // Following it would scroll.
    event.preventDefault();
    history.replaceState(null, "", link.href);
    const copied = navigator.clipboard?.writeText(link.href) ?? Promise.reject();
    copied.then(
      () => say("Link copied"),
      () => say("Link in the address"),
    );
  };
  const link = h("a", { title: "Link to this state", "aria-live": "polite", onclick });
  link.follow = (state) => {
    link.href = fragment(name, state);
    say("Link", "Link to this state");
  };
  link.open = () => {
    const asked = new URLSearchParams(location.hash.slice(1));
    if (asked.get("widget") !== name) return;
    asked.delete("widget");
    restore(Object.fromEntries([...asked].map(([key, value]) => [key, parsed(value)])));
  };
  addEventListener("hashchange", link.open);
  return link;
}

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

// Whether a value of a link has the form of the state: a whole number, or as many of them.
function alike(value, known) {
  if (!Array.isArray(known)) return Number.isInteger(known) && Number.isInteger(value);
  return Array.isArray(value) && value.length === known.length && value.every(Number.isInteger);
}

// Numbers ------------------------------------------------------------------------------------

// Digits after the point as Python writes them: what lies midway goes to the even digit.
export function fixed(value, digits) {
  const half = 2 ** (digits + 1);
  const midway = Number.isInteger(value * half) && !Number.isInteger((value * half) / 2);
  const text = value.toFixed(digits);
  if (!midway || +text.at(-1) % 2 === 0) return text;
  return (+text - Math.sign(value) * 10 ** -digits).toFixed(digits);
}

// A share as text; what is nearly certain is not called certain.
export function percent(share) {
  const text = fixed(100 * share, 1);
  if (text === "100.0" && share < 1) return "> 99.9%";
  if (text === "0.0" && share > 0) return "< 0.1%";
  return `${+text}%`;
}

// 12345 as 12,345.
export function thousands(count) {
  return count.toLocaleString("en");
}

// "1 square", "2 squares"
export function counted(count, noun) {
  const word = t(noun);
  return `${thousands(count)} ${word}${word === noun && count !== 1 ? "s" : ""}`;
}

// Drawings -----------------------------------------------------------------------------------

// Axes of a small chart. `x` and `y` are { domain: [low, high], label, ticks: [[value, text], …] }.
// Returns { svg, X, Y }: the drawing and the functions from data to its coordinates.
export function chart(x, y, label, { width = 320, height = 220, log = false } = {}) {
  const left = 46;
  const right = width - 18;
  const top = 10;
  const bottom = height - 40;
  const scale = log ? Math.log10 : (v) => v;
  const span = scale(x.domain[1]) - scale(x.domain[0]);
  const X = (v) => left + ((scale(v) - scale(x.domain[0])) / span) * (right - left);
  const Y = (v) => bottom - ((v - y.domain[0]) / (y.domain[1] - y.domain[0])) * (bottom - top);
  const viewBox = `0 0 ${width} ${height}`;
  const svg = s(
    "svg",
    { viewBox, role: "img", "aria-label": label, class: "cw-chart" },
    s("rect", { x: left, y: top, width: right - left, height: bottom - top, class: "cw-frame" }),
  );
  const axis = (x1, x2, y1, y2) => s("line", { x1, x2, y1, y2, class: "cw-axis" });
  const text = (x, y, anchor, said, more = {}) =>
    s("text", { x, y, "text-anchor": anchor, ...more }, said);
  for (const [v, said] of x.ticks)
    svg.append(axis(X(v), X(v), bottom, bottom + 4), text(X(v), bottom + 16, "middle", said));
  for (const [v, said] of y.ticks)
    svg.append(axis(left - 4, left, Y(v), Y(v)), text(left - 7, Y(v) + 4, "end", said));
  const middle = (bottom + top) / 2;
  svg.append(
    text((left + right) / 2, height - 6, "middle", x.label),
    text(10, middle, "middle", y.label, { transform: `rotate(-90 10 ${middle})` }),
  );
  return { svg, X, Y };
}

// Round numbers within a domain, in steps of 1, 2 or 5 times a power of ten: [[value, text], …].
// There are at most `most` steps, and none is smaller than `least`.
export function ticks([low, high], say = withMinus, { most = 6, least = 0 } = {}) {
  const rough = Math.max((high - low) / most, least);
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * [1, 2, 5, 10].find((n) => n * power >= rough * (1 - 1e-9));
  const digits = Math.max(0, -Math.floor(Math.log10(step) + 1e-9));
  const all = [];
  for (let n = Math.ceil(low / step - 1e-9); n <= high / step + 1e-9; n++)
    all.push(+(n * step).toFixed(digits));
  return all.map((v) => [v, say(v, digits)]);
}

const withMinus = (v, digits) => fixed(v, digits).replace("-", "−");

export const percentTicks = [
  [0, "0"],
  [0.5, "50%"],
  [1, "100%"],
];

// A pattern for areas that must differ from others without color, too: { element, fill }.
export function stripes(kind) {
  const id = uniqueId("stripes");
  const element = s(
    "pattern",
    { id, width: 4, height: 4, patternUnits: "userSpaceOnUse", class: `cw-${kind}` },
    s("rect", { width: 4, height: 4, class: "cw-stripe-ground" }),
    s("path", { d: "M-1 1l2-2M0 4l4-4M3 5l2-2", class: "cw-stripe" }),
  );
  return { element, fill: `fill:url(#${id})` };
}

// Points of a polyline or polygon from data.
export function points(xs, ys, { X, Y }) {
  return xs.map((v, at) => `${X(v).toFixed(1)},${Y(ys[at]).toFixed(1)}`).join(" ");
}

export function polyline(xs, ys, plot, attributes = {}) {
  return s("polyline", { points: points(xs, ys, plot), ...attributes });
}

// A line straight across or down a chart, from one point of the data to another.
export function straight([x1, y1], [x2, y2], { X, Y }, attributes = {}) {
  const ends = { x1: X(x1), x2: X(x2), y1: Y(y1), y2: Y(y2) };
  return s("line", { ...ends, class: "cw-axis", ...attributes });
}

export function disc(x, y, r, attributes = {}) {
  return s("circle", { cx: x, cy: y, r, ...attributes });
}

export function moveTo(circle, x, y) {
  return dress(circle, { cx: x, cy: y });
}

// A guess on a drawing.
function ring({ X, Y }, x, y) {
  const sign = s("text", { x: X(x), y: Y(y) + 4, "text-anchor": "middle" }, "?");
  return s("g", { class: "cw-ghost" }, disc(X(x), Y(y), 8), sign);
}

// The outline of a box x1, y1, x2, y2 on a picture.
export function outline([x1, y1, x2, y2], attributes = {}) {
  return s("rect", { x: x1, y: y1, width: x2 - x1, height: y2 - y1, ...attributes });
}

// A canvas-free picture from a sprite sheet: shows tile `index` of `columns` tiles a row.
export function sprite(source, columns, tiles, size, label) {
  const view = h("div", { class: "cw-sprite", role: "img", "aria-label": label });
  const rows = Math.ceil(tiles / columns);
  Object.assign(view.style, {
    width: `min(100%, ${size}px)`,
    aspectRatio: "1",
    backgroundImage: `url(${source})`,
    backgroundSize: `${columns * 100}% ${rows * 100}%`,
  });
  view.show = (index, text) => {
    const across = columns > 1 ? (index % columns) / (columns - 1) : 0;
    const down = rows > 1 ? Math.floor(index / columns) / (rows - 1) : 0;
    view.style.backgroundPosition = `${across * 100}% ${down * 100}%`;
    if (text) view.setAttribute("aria-label", text);
  };
  view.show(0);
  return view;
}

// The picture's bytes as an SVG image.
export function grayImage({ width, height, gray }) {
  const bytes = atob(gray);
  const canvas = h("canvas", { width, height });
  const pen = canvas.getContext("2d");
  const pixels = pen.createImageData(width, height);
  for (let n = 0; n < bytes.length; n++) {
    const value = bytes.charCodeAt(n);
    pixels.data.set([value, value, value, 255], 4 * n);
  }
  pen.putImageData(pixels, 0, 0);
  return s("image", { href: canvas.toDataURL(), width, height });
}
