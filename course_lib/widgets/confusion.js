// Confusion explorer: buttons flip a patient, who stands in a row with the others or in the 2×2
// table; the counts find their rates in a table from Python. Round means ill, filled means
// positive.
import { button, fixed, grid, h, ink, s, scrolling, spoken, t } from "./kit.js";

const stillness = matchMedia("(prefers-reduced-motion: reduce)");

export function mount({ data, state, set, choice }) {
  state.sorted ??= 0;
  state.rate ??= data.names.findIndex(([name]) => name === "sensitivity");
  const flip = (key, at) => set({ [key]: state[key].map((v, n) => (n === at ? 1 - v : v)) });
  const buttons = (key) => state[key].map((_, at) => button("", { onclick: () => flip(key, at) }));
  const truth = buttons("y_true");
  const output = buttons("y_pred");
  const figures = truth.map((_, at) => figure(at + 1));
  const slots = truth.map((_, at) => {
    const attributes = { class: "cw-slot", "aria-hidden": "true" };
    return h("div", attributes, h("span", {}, at + 1));
  });
  const patients = slots.map((slot, at) =>
    h("div", { class: "cw-patient" }, slot, truth[at], output[at]),
  );
  const sort = button("", { onclick: () => set({ sorted: 1 - state.sorted }) });

  const rooms = {};
  const room = (name) => {
    const count = h("b", { "data-cell": name });
    const people = h("div", { class: "cw-people", "aria-hidden": "true" });
    const part = h("small");
    const element = h("div", { class: "cw-room" }, h("div", {}, `${name} `, count), people, part);
    rooms[name] = { element, count, people, part };
    return element;
  };
  const matrix = grid(
    ["predicted 預測 \\ actual 實際", "disease", "normal"],
    [
      ["positive", room("TP"), room("FP")],
      ["negative", room("FN"), room("TN")],
    ],
  );
  matrix.classList.add("cw-sorting");
  const rates = grid(
    ["rate", "formula", "value"],
    data.names.map(([name, text, formula]) => [text, h("span", {}, formula), name]),
  );
  const said = spoken();
  const fraction = h("p", { "aria-live": "polite" });

  function mark(one, at, on, [sign, name], color) {
    one.textContent = sign;
    one.setAttribute("aria-label", t(name, { n: at + 1 }));
    one.style.background = on
      ? `color-mix(in srgb, var(--cw-${color}) 35%, var(--cw-surface))`
      : "";
  }

  function draw() {
    const counts = { TP: 0, FN: 0, FP: 0, TN: 0 };
    const cells = state.y_true.map((ill, at) => {
      const positive = state.y_pred[at];
      const cell = ill ? (positive ? "TP" : "FN") : positive ? "FP" : "TN";
      counts[cell]++;
      const actual = ill
        ? ["D", "Patient {n}, truth: disease"]
        : ["N", "Patient {n}, truth: normal"];
      mark(truth[at], at, ill, actual, "disease");
      const predicted = positive
        ? ["+", "Patient {n}, output: positive"]
        : ["−", "Patient {n}, output: negative"];
      mark(output[at], at, positive, predicted, "normal");
      figures[at].show(cell);
      return cell;
    });
    const values = data.rates[[counts.TP, counts.FN, counts.FP, counts.TN].join()];
    const text = (value) => (value === null ? t("undefined") : fixed(value, 2));
    rates.fill(Object.fromEntries(data.names.map(([name], n) => [name, text(values[n])])));
    said.textContent = `TP ${counts.TP}, FN ${counts.FN}, FP ${counts.FP}, TN ${counts.TN}`;

    // What the chosen rate counts: above the line of its fraction, below it, or not at all.
    const [, name, formula] = data.names[state.rate];
    const [above, below] = formula.split("/").map((half) => half.match(/[A-Z]{2}/g));
    const lit = (cell) =>
      above.includes(cell) ? "numerator" : below.includes(cell) ? "denominator" : "";
    const words = {
      numerator: "above and below the line",
      denominator: "below the line",
      "": "not counted",
    };
    for (const [cell, { element, count, part }] of Object.entries(rooms)) {
      count.textContent = counts[cell];
      element.dataset.lit = lit(cell);
      part.textContent = t(words[lit(cell)]);
    }
    slots.forEach((slot, at) => {
      slot.dataset.lit = state.sorted ? "" : lit(cells[at]);
    });
    const filled = formula.replaceAll(/[A-Z]{2}/g, (cell) => counts[cell]);
    fraction.textContent = `${name} = ${formula} = ${filled} = ${text(values[state.rate])}`;
    rates.querySelectorAll("tbody tr").forEach((row, n) => {
      row.classList.toggle("cw-lit", n === state.rate);
    });
    sort.textContent = state.sorted
      ? t("Line the patients up again")
      : t("Sort them into the table");
    walk(
      figures,
      cells.map((cell, at) => (state.sorted ? rooms[cell].people : slots[at])),
    );
  }
  const help = "Press a patient's truth (upper button) or the model's output (lower button).";
  const legend = h(
    "p",
    {},
    ink("disease", "● ill, positive  ○ ill, missed   "),
    ink("normal", "■ healthy, false alarm  □ healthy, cleared"),
  );
  return {
    controls: [
      choice(
        "rate",
        "Show what counts for",
        data.names.map(([, text]) => text),
      ),
    ],
    parts: [
      h("p", {}, help),
      h("div", { class: "cw-patients" }, ...patients),
      h("div", {}, sort),
      legend,
      matrix,
      fraction,
      scrolling("Rates", rates),
      said,
    ],
    draw,
  };
}

// A patient: a head, a body, a number.
function figure(number) {
  const body = s("path");
  const drawing = s("svg", { viewBox: "0 0 22 24" }, s("circle", { cx: 11, cy: 6, r: 4.5 }), body);
  const element = h("span", { class: "cw-figure" }, drawing, number);
  element.show = (cell) => {
    const ill = cell === "TP" || cell === "FN";
    const kinds = { TP: "disease", FN: "missed", FP: "normal", TN: "cleared" };
    body.setAttribute("d", ill ? "M2.5 23a8.5 10.5 0 0 1 17 0z" : "M3.5 12.5h15V23h-15z");
    drawing.setAttribute("class", `cw-${kinds[cell]}`);
  };
  return element;
}

// Everybody goes to another place, on foot where motion is welcome.
function walk(figures, places) {
  // Asking where they are makes the browser lay out the page: not for those who stand nowhere yet.
  const walks = figures[0].parentElement && !stillness.matches;
  const from = walks ? figures.map((one) => one.getBoundingClientRect()) : [];
  figures.forEach((one, at) => {
    for (const step of one.getAnimations()) step.cancel();
    places[at].append(one);
  });
  if (!walks) return;
  figures.forEach((one, at) => {
    const to = one.getBoundingClientRect();
    const [x, y] = [from[at].left - to.left, from[at].top - to.top];
    if (!from[at].width || !(x || y)) return;
    const timing = { duration: 700, delay: 60 * at, fill: "backwards", easing: "ease-in-out" };
    one.animate({ transform: [`translate(${x}px, ${y}px)`, "none"] }, timing);
  });
}
