// Confusion explorer: buttons flip a patient; the counts find their rates in a table from Python.
function mount(host, data, state, changed) {
  let { y_true, y_pred } = state;
  const n = y_true.length;
  const flip = (key, at) => {
    if (key === "y_true") y_true = y_true.map((v, m) => (m === at ? 1 - v : v));
    else y_pred = y_pred.map((v, m) => (m === at ? 1 - v : v));
    draw();
    changed({ y_true, y_pred });
  };
  const line = (key) => Array.from({ length: n }, (_, at) => button("", { onclick: () => flip(key, at) }));
  const truth = line("y_true"), output = line("y_pred");
  const patients = h("div", { class: "cw-patients" });
  for (let at = 0; at < n; at++)
    patients.append(h("div", { class: "cw-patient" }, h("span", { "aria-hidden": "true" }, at + 1), truth[at], output[at]));

  const cells = {};
  const cell = (name) => (cells[name] = h("td"));
  const matrix = h("table", {},
    h("thead", {}, h("tr", {}, h("th", { scope: "col" }, "predicted 預測 \\ actual 實際"), h("th", { scope: "col" }, "disease"), h("th", { scope: "col" }, "normal"))),
    h("tbody", {},
      h("tr", {}, h("th", { scope: "row" }, "positive"), cell("TP"), cell("FP")),
      h("tr", {}, h("th", { scope: "row" }, "negative"), cell("FN"), cell("TN"))));
  const rates = {};
  const list = h("table", {},
    h("thead", {}, h("tr", {}, h("th", { scope: "col" }, "rate"), h("th", { scope: "col" }, "formula"), h("th", { scope: "col" }, "value"))),
    h("tbody", {}, ...data.names.map(([name, text, formula]) =>
      h("tr", {}, h("th", { scope: "row" }, text), h("td", {}, formula), (rates[name] = h("td", { "data-rate": name }))))));
  const said = h("p", { "aria-live": "polite", class: "cw-said" });
  frame(host, "Confusion explorer",
    h("p", {}, "Press a patient's truth (upper button) or the model's output (lower button)."),
    patients, h("div", { class: "cw-row" }, matrix), h("div", { style: "overflow-x:auto", tabindex: "0", role: "region", "aria-label": "Rates" }, list), said);

  function draw() {
    const count = { TP: 0, FN: 0, FP: 0, TN: 0 };
    for (let at = 0; at < n; at++) {
      const ill = y_true[at], positive = y_pred[at];
      count[ill ? (positive ? "TP" : "FN") : positive ? "FP" : "TN"]++;
      truth[at].textContent = ill ? "D" : "N";
      truth[at].setAttribute("aria-label", `Patient ${at + 1}, truth: ${ill ? "disease" : "normal"}`);
      truth[at].style.background = ill ? "color-mix(in srgb, var(--cw-disease) 35%, var(--cw-surface))" : "";
      output[at].textContent = positive ? "+" : "−";
      output[at].setAttribute("aria-label", `Patient ${at + 1}, output: ${positive ? "positive" : "negative"}`);
      output[at].style.background = positive ? "color-mix(in srgb, var(--cw-normal) 35%, var(--cw-surface))" : "";
    }
    for (const [name, value] of Object.entries(count)) cells[name].textContent = value;
    const values = data.rates[[count.TP, count.FN, count.FP, count.TN].join()];
    data.names.forEach(([name], m) => { rates[name].textContent = values[m] === null ? "undefined" : values[m].toFixed(2); });
    said.textContent = `TP ${count.TP}, FN ${count.FN}, FP ${count.FP}, TN ${count.TN}`;
  }
  draw();
  return { update(next) { ({ y_true, y_pred } = next); draw(); } };
}
