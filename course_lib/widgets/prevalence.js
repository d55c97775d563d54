// Prevalence explorer. Color tells the truth (disease, normal); filled means the test says positive.
function mount(host, data, state, changed) {
  let { sensitivity: i, specificity: j, prevalence: k } = state;
  const control = (label, key, values, set) =>
    slider(label, values, state[key], percent, (v) => { set(v); draw(); changed({ [key]: v }); });
  const sliders = [
    control("Sensitivity", "sensitivity", data.sensitivities, (v) => { i = v; }),
    control("Specificity", "specificity", data.specificities, (v) => { j = v; }),
    control("Prevalence", "prevalence", data.prevalences, (v) => { k = v; }),
  ];

  // 1,000 people as four paths, so that a change redraws four elements and not a thousand.
  const columns = 50, step = 10, rows = data.people / columns;
  const icons = s("svg", { viewBox: `-1 -1 ${columns * step + 2} ${rows * step + 2}`, role: "img" });
  const kinds = { tp: ["disease", true], fn: ["disease", false], fp: ["normal", true], tn: ["normal", false] };
  const paths = {};
  for (const [name, [truth, filled]] of Object.entries(kinds)) {
    paths[name] = s("path", { class: filled ? `cw-${truth}` : "" });
    if (!filled) paths[name].style.cssText = `fill:none;stroke:var(--cw-${truth});stroke-width:1.2;opacity:${truth === "normal" ? 0.35 : 1}`;
    icons.append(paths[name]);
  }
  const square = (n) => `M${(n % columns) * step + 1.5} ${Math.floor(n / columns) * step + 1.5}h7v7h-7z`;
  const legend = h("p", { class: "cw-legend" });

  const cells = {};
  const cell = (name) => (cells[name] = h("td"));
  const table = h("table", {},
    h("thead", {}, h("tr", {}, h("th", { scope: "col" }, "of 1,000"), h("th", { scope: "col" }, "disease"), h("th", { scope: "col" }, "normal"))),
    h("tbody", {},
      h("tr", {}, h("th", { scope: "row" }, "positive"), cell("tp"), cell("fp")),
      h("tr", {}, h("th", { scope: "row" }, "negative"), cell("fn"), cell("tn"))));

  const plot = chart(
    { domain: [data.prevalences[0], data.prevalences.at(-1)], label: "prevalence", ticks: [[0.001, "0.1%"], [0.01, "1%"], [0.1, "10%"], [0.5, "50%"]] },
    { domain: [0, 1], label: "predictive value", ticks: percentTicks }, "PPV and NPV against prevalence, with the current point", { log: true });
  const lines = s("g"), points = s("g");
  plot.svg.append(lines, points);
  const said = h("p", { "aria-live": "polite", class: "cw-said" });

  const root = frame(host, "Prevalence explorer", ...sliders, icons, legend,
    h("div", { class: "cw-row" }, plot.svg, h("div", {}, table, said)));

  function draw() {
    const ill = data.ill[k], tp = data.tp[i][k], fp = data.fp[j][k], fn = ill - tp, tn = data.people - ill - fp;
    const ppv = data.ppv[i][j], npv = data.npv[i][j];
    const starts = { tp: 0, fn: tp, fp: ill, tn: ill + fp }, counts = { tp, fn, fp, tn };
    for (const name of Object.keys(kinds)) {
      let d = "";
      for (let n = 0; n < counts[name]; n++) d += square(starts[name] + n);
      paths[name].setAttribute("d", d);
      cells[name].textContent = counts[name];
    }
    icons.setAttribute("aria-label", `1,000 people: ${tp} true positive, ${fn} missed, ${fp} false alarms, ${tn} cleared`);
    legend.replaceChildren(
      h("span", { class: "cw-disease-ink" }, "■ ill, positive  □ ill, missed   "),
      h("span", { class: "cw-normal-ink" }, "■ normal, false alarm  □ normal, cleared"));
    lines.replaceChildren(
      polyline(data.prevalences, ppv, plot, { class: "cw-disease-line" }),
      polyline(data.prevalences, npv, plot, { class: "cw-normal-line" }));
    const x = plot.X(data.prevalences[k]);
    points.replaceChildren(
      s("circle", { cx: x, cy: plot.Y(ppv[k]), r: 5, class: "cw-disease cw-point" }),
      s("circle", { cx: x, cy: plot.Y(npv[k]), r: 5, class: "cw-normal cw-point" }));
    said.replaceChildren(
      h("b", { class: "cw-disease-ink" }, `PPV ${percent(ppv[k])}`), " (solid): of ",
      `${tp + fp} positive results, ${tp} ${tp === 1 ? "is" : "are"} right. `,
      h("b", { class: "cw-normal-ink" }, `NPV ${percent(npv[k])}`), " (dashed).");
  }
  draw();
  return {
    update(next) {
      ({ sensitivity: i, specificity: j, prevalence: k } = next);
      [i, j, k].forEach((v, n) => sliders[n].set(v));
      draw();
    },
  };
}
