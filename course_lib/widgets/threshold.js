// Threshold explorer. Diseased cases stand above the axis, normal ones hang below it; who lies right
// of the threshold is called positive. Every number is looked up by the threshold's position.
function mount(host, data, state, changed) {
  let { threshold: i, cost: c } = state;
  const last = data.thresholds.length - 1;
  const number = (v) => String(+v.toFixed(6));
  const move = (position) => {
    i = Math.min(last, Math.max(0, position));
    sliders[0].set(i);
    draw();
    changed({ threshold: i });
  };
  const sliders = [
    slider("Threshold", data.thresholds, i, number, (v) => move(v)),
    slider("One miss costs", data.costs, c, (v) => `${v} alarm${v === 1 ? "" : "s"}`, (v) => {
      c = v;
      draw();
      changed({ cost: c });
    }),
  ];
  const jump = button("Move to the cheapest threshold", { onclick: () => move(data.best[c]) });

  const up = Math.max(...data.disease_bins), down = Math.max(...data.normal_bins);
  const ticks = [0, 0.25, 0.5, 0.75, 1].map((share) => data.thresholds[Math.round(share * last)]);
  const bars = chart(
    { domain: [data.thresholds[0], data.thresholds[last]], label: data.score, ticks: ticks.map((v) => [v, number(v)]) },
    { domain: [-down, up], label: "patients", ticks: [[-down, down], [0, 0], [up, up]] },
    "Scores of the patients with the threshold");
  const { X, Y } = bars, top = Y(up), bottom = Y(-down);
  data.edges.slice(0, -1).forEach((edge, b) => {
    const x = X(edge) + 0.5, width = X(data.edges[b + 1]) - X(edge) - 1;
    bars.svg.append(
      s("rect", { x, width, y: Y(data.disease_bins[b]), height: Y(0) - Y(data.disease_bins[b]), class: "cw-disease" }),
      s("rect", { x, width, y: Y(0), height: Y(-data.normal_bins[b]) - Y(0), class: "cw-normal" }));
  });
  // What the test calls negative fades.
  const veil = s("rect", { x: X(data.thresholds[0]), y: top, height: bottom - top, style: "fill:var(--cw-surface);opacity:.65" });
  const cheapest = s("line", { y1: top, y2: bottom, style: "stroke:var(--cw-accent);stroke-width:2.5;stroke-dasharray:2 3" });
  const line = s("line", { y1: top, y2: bottom, style: "stroke:var(--cw-text);stroke-width:2" });
  const grip = s("circle", { cy: Y(0), r: 7, class: "cw-point", style: "fill:var(--cw-surface)" });
  bars.svg.append(s("line", { x1: X(data.thresholds[0]), x2: X(data.thresholds[last]), y1: Y(0), y2: Y(0), class: "cw-axis" }), veil, cheapest, line, grip);
  bars.svg.style.cssText = "cursor:ew-resize;touch-action:pan-y";
  const drag = (event) => {
    const box = bars.svg.getBoundingClientRect();
    const x = ((event.clientX - box.left) / box.width) * bars.svg.viewBox.baseVal.width;
    const share = (x - X(data.thresholds[0])) / (X(data.thresholds[last]) - X(data.thresholds[0]));
    move(Math.round(share * last));
  };
  bars.svg.addEventListener("pointerdown", (event) => { bars.svg.setPointerCapture(event.pointerId); drag(event); });
  bars.svg.addEventListener("pointermove", (event) => { if (event.buttons) drag(event); });

  const rate = (label) => ({ domain: [0, 1], label, ticks: percentTicks });
  const roc = chart(rate("1 − specificity"), rate("sensitivity"), "ROC curve with the current point");
  const pr = chart(rate("recall (sensitivity)"), rate("precision (PPV)"), "Precision–recall curve with the current point");
  const known = data.thresholds.map((_, at) => at).filter((at) => data.precision[at] !== null);
  roc.svg.append(polyline([0, 1], [0, 1], roc, { class: "cw-axis", "stroke-dasharray": "2 3" }),
    polyline(data.fpr, data.tpr, roc, { class: "cw-curve" }));
  pr.svg.append(polyline([0, 1], [data.prevalence, data.prevalence], pr, { class: "cw-axis", "stroke-dasharray": "2 3" }),
    polyline(known.map((at) => data.tpr[at]), known.map((at) => data.precision[at]), pr, { class: "cw-curve" }));
  for (const curve of [roc, pr]) {
    curve.svg.querySelector(".cw-curve").style.cssText = "fill:none;stroke:var(--cw-text);stroke-width:2";
    curve.mark = s("circle", { r: 7, style: "fill:none;stroke:var(--cw-accent);stroke-width:2.5" });
    curve.point = s("circle", { r: 5, class: "cw-disease cw-point" });
    curve.svg.append(curve.mark, curve.point);
  }
  const place = (circle, plot, x, y) => {
    circle.style.display = y === null ? "none" : "";
    if (y !== null) { circle.setAttribute("cx", plot.X(x)); circle.setAttribute("cy", plot.Y(y)); }
  };

  const cells = {};
  const cell = (name) => (cells[name] = h("td", { "data-cell": name }));
  const matrix = h("table", {},
    h("thead", {}, h("tr", {}, h("th", { scope: "col" }, "score"), h("th", { scope: "col" }, "disease"), h("th", { scope: "col" }, "normal"))),
    h("tbody", {},
      h("tr", {}, h("th", { scope: "row" }, "≥ threshold"), cell("tp"), cell("fp")),
      h("tr", {}, h("th", { scope: "row" }, "< threshold"), cell("fn"), cell("tn"))));
  const legend = h("p", {},
    h("span", { class: "cw-disease-ink" }, "■ disease (up)"), "  ",
    h("span", { class: "cw-normal-ink" }, "■ normal (down)"), "  faded: called negative  ┊ and ○: cheapest");
  const said = h("p", { "aria-live": "polite", class: "cw-said", style: "margin:.6rem 0 .3rem" });
  const price = h("p", { class: "cw-price" });
  frame(host, "Threshold explorer", ...sliders, h("div", {}, jump), legend,
    h("div", { class: "cw-row" }, bars.svg, h("div", {}, matrix, said, price)),
    h("div", { class: "cw-row" }, roc.svg, pr.svg));

  function draw() {
    const tp = data.tp[i], fp = data.fp[i], best = data.best[c];
    const counts = { tp, fp, fn: data.disease - tp, tn: data.normal - fp };
    for (const [name, value] of Object.entries(counts)) cells[name].textContent = value;
    const x = X(data.thresholds[i]);
    veil.setAttribute("width", Math.max(0, x - X(data.thresholds[0])));
    for (const end of ["x1", "x2"]) { line.setAttribute(end, x); cheapest.setAttribute(end, X(data.thresholds[best])); }
    grip.setAttribute("cx", x);
    place(roc.point, roc, data.fpr[i], data.tpr[i]);
    place(pr.point, pr, data.tpr[i], data.precision[i]);
    place(roc.mark, roc, data.fpr[best], data.tpr[best]);
    place(pr.mark, pr, data.tpr[best], data.precision[best]);
    const ppv = data.precision[i] === null ? "undefined" : percent(data.precision[i]);
    said.textContent = `Sensitivity ${percent(data.tpr[i])}, specificity ${percent(data.tnr[i])}, PPV ${ppv}.`;
    price.textContent = `Errors cost ${data.per_1000[c][i]} alarms per 1,000 patients; the least is ${data.per_1000[c][best]}, at ${number(data.thresholds[best])}.`;
  }
  draw();
  return {
    update(next) {
      ({ threshold: i, cost: c } = next);
      sliders[0].set(i);
      sliders[1].set(c);
      draw();
    },
  };
}
