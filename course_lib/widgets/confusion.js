// Confusion explorer: buttons flip a patient; the counts find their rates in a table from Python.
import { button, fixed, grid, h, scrolling, spoken } from "./kit.js";

export function mount({ data, state, set }) {
  const flip = (key, at) => set({ [key]: state[key].map((v, n) => (n === at ? 1 - v : v)) });
  const buttons = (key) => state[key].map((_, at) => button("", { onclick: () => flip(key, at) }));
  const truth = buttons("y_true");
  const output = buttons("y_pred");
  const patients = truth.map((upper, at) => {
    const number = h("span", { "aria-hidden": "true" }, at + 1);
    return h("div", { class: "cw-patient" }, number, upper, output[at]);
  });
  const matrix = grid(
    ["predicted 預測 \\ actual 實際", "disease", "normal"],
    [
      ["positive", "TP", "FP"],
      ["negative", "FN", "TN"],
    ],
  );
  const rates = grid(
    ["rate", "formula", "value"],
    data.names.map(([name, text, formula]) => [text, h("span", {}, formula), name]),
  );
  const said = spoken();

  function mark(one, at, what, on, [sign, word], color) {
    one.textContent = sign;
    one.setAttribute("aria-label", `Patient ${at + 1}, ${what}: ${word}`);
    one.style.background = on
      ? `color-mix(in srgb, var(--cw-${color}) 35%, var(--cw-surface))`
      : "";
  }

  function draw() {
    const counts = { TP: 0, FN: 0, FP: 0, TN: 0 };
    state.y_true.forEach((ill, at) => {
      const positive = state.y_pred[at];
      counts[ill ? (positive ? "TP" : "FN") : positive ? "FP" : "TN"]++;
      mark(truth[at], at, "truth", ill, ill ? ["D", "disease"] : ["N", "normal"], "disease");
      const sign = positive ? ["+", "positive"] : ["−", "negative"];
      mark(output[at], at, "output", positive, sign, "normal");
    });
    matrix.fill(counts);
    const values = data.rates[[counts.TP, counts.FN, counts.FP, counts.TN].join()];
    const text = (value) => (value === null ? "undefined" : fixed(value, 2));
    rates.fill(Object.fromEntries(data.names.map(([name], n) => [name, text(values[n])])));
    said.textContent = `TP ${counts.TP}, FN ${counts.FN}, FP ${counts.FP}, TN ${counts.TN}`;
  }
  const help = "Press a patient's truth (upper button) or the model's output (lower button).";
  return {
    parts: [
      h("p", {}, help),
      h("div", { class: "cw-patients" }, ...patients),
      h("div", { class: "cw-row" }, matrix),
      scrolling("Rates", rates),
      said,
    ],
    draw,
  };
}
