// Consensus explorer. The quorum is a threshold on the number of positive votes.
function mount(host, data, state, changed) {
  let { readers: n, sensitivity: i, specificity: j, quorum: k, correlation: c } = state;
  const plain = (v) => `${v}`, two = (v) => v.toFixed(2);
  // Nearly certain is not certain.
  const rate = (v) => (v >= 0.995 ? "> 0.99" : v < 0.005 ? "< 0.01" : two(v));
  const quorums = Array.from({ length: data.panels.at(-1) }, (_, m) => m + 1);
  const set = (next) => {
    ({ n = n, i = i, j = j, k = k, c = c } = next);
    show();
    changed({ readers: n, sensitivity: i, specificity: j, quorum: k, correlation: c });
  };
  // Another number of readers starts with more than half of them as quorum.
  const sliders = [
    slider("Readers", data.panels, n, plain, (v) => set({ n: v, k: Math.floor(data.panels[v] / 2) })),
    slider("Quorum", quorums, k, (v) => `${v} of ${data.panels[n]}`, (v) => set({ k: v })),
    slider("Sensitivity", data.rates, i, two, (v) => set({ i: v })),
    slider("Specificity", data.rates, j, two, (v) => set({ j: v })),
    slider("Correlation", data.correlations, c, (v) => v.toFixed(1), (v) => set({ c: v })),
  ];
  const quorum = sliders[1].querySelector("input");

  const votes = h("div"), plane = h("div");
  const row = (label) => {
    const cells = Array.from({ length: 3 }, () => h("td"));
    return { element: h("tr", {}, h("th", { scope: "row" }, label), ...cells), cells };
  };
  const one = row("one reader"), panel = row("the panel");
  const heads = ["decided by", "sensitivity", "specificity", `wrong of ${data.patients.toLocaleString("en")}`];
  const table = h("table", {},
    h("thead", {}, h("tr", {}, ...heads.map((text) => h("th", { scope: "col" }, text)))),
    h("tbody", {}, one.element, panel.element));
  const said = h("p", { "aria-live": "polite", class: "cw-said" });
  frame(host, "Consensus explorer", ...sliders, h("div", { class: "cw-row" }, votes, plane),
    h("div", { style: "overflow-x:auto", tabindex: "0", role: "region", "aria-label": "Rates of one reader and of the panel" }, table), said);

  // How many positive votes patients get; the dashed line is the quorum.
  function drawVotes() {
    const size = data.panels[n], ill = data.votes_ill[c][i][n], normal = data.votes_normal[c][j][n];
    const plot = chart(
      { domain: [-0.6, size + 0.6], label: "positive votes", ticks: ill.map((_, x) => [x, `${x}`]) },
      { domain: [0, 1], label: "share of patients", ticks: percentTicks },
      `Positive votes on the ill and on the normal; a patient with ${k + 1} or more is called ill`);
    ill.forEach((_, x) => {
      for (const [share, at, kind] of [[normal[x], x - 0.36, "normal"], [ill[x], x + 0.02, "disease"]])
        plot.svg.append(s("rect", {
          x: plot.X(at), width: plot.X(0.34) - plot.X(0), y: plot.Y(share), height: plot.Y(0) - plot.Y(share), class: `cw-${kind}`,
        }));
    });
    plot.svg.append(s("line", { x1: plot.X(k + 0.5), x2: plot.X(k + 0.5), y1: plot.Y(0), y2: plot.Y(1), class: "cw-axis", "stroke-dasharray": "5 4", "stroke-width": 1.5 }));
    votes.replaceChildren(plot.svg, h("p", { class: "cw-legend" },
      h("span", { class: "cw-normal-ink" }, "■ normal "), h("span", { class: "cw-disease-ink" }, "■ ill "), "┆ quorum"));
  }

  // Every quorum of the panel as a point between the two kinds of error.
  function drawPlane() {
    const found = data.sensitivity[c][i][n], cleared = data.specificity[c][j][n];
    const plot = chart(
      { domain: [0, 1], label: "1 − specificity", ticks: percentTicks },
      { domain: [0, 1], label: "sensitivity", ticks: percentTicks },
      "The panel at every quorum, and one reader, as points of sensitivity against 1 minus specificity");
    const alarms = cleared.map((v) => 1 - v);
    plot.svg.append(polyline([1, ...alarms, 0], [1, ...found, 0], plot, { style: "fill:none;stroke:var(--cw-line);stroke-width:1.5" }));
    alarms.forEach((x, m) => plot.svg.append(s("circle", { cx: plot.X(x), cy: plot.Y(found[m]), r: 3, style: "fill:var(--cw-line)" })));
    const x = plot.X(1 - data.rates[j]), y = plot.Y(data.rates[i]);
    plot.svg.append(
      s("path", { d: `M${x - 5} ${y}H${x + 5}M${x} ${y - 5}V${y + 5}`, style: "stroke:var(--cw-text);stroke-width:2" }),
      s("circle", { cx: plot.X(alarms[k]), cy: plot.Y(found[k]), r: 6, class: "cw-point", style: "fill:var(--cw-accent)" }));
    plane.replaceChildren(plot.svg, h("p", { class: "cw-legend" },
      h("span", { style: "color:var(--cw-accent)", "aria-hidden": "true" }, "● "), "panel at this quorum, • at others, + one reader"));
  }

  function show() {
    quorum.max = data.panels[n] - 1;
    [n, k, i, j, c].forEach((v, m) => sliders[m].set(v));
    drawVotes();
    drawPlane();
    const found = data.sensitivity[c][i][n][k], cleared = data.specificity[c][j][n][k];
    const wrong = data.wrong[c][i][j][n][k], alone = data.wrong[c][i][j][0][0], kappa = data.kappa[c][i][j];
    [two(data.rates[i]), two(data.rates[j]), alone].forEach((text, m) => { one.cells[m].textContent = text; });
    [rate(found), rate(cleared), wrong].forEach((text, m) => { panel.cells[m].textContent = text; });
    said.textContent = `Quorum ${k + 1} of ${data.panels[n]}: sensitivity ${rate(found)}, specificity ${rate(cleared)}. `
      + `Where ${Math.round(100 * data.prevalence)}% are ill the panel is wrong about ${wrong} of 1,000 patients, one reader about ${alone}. `
      + `Two readers agree with kappa ${two(kappa)}.`;
  }
  show();
  return { update(next) { ({ readers: n, sensitivity: i, specificity: j, quorum: k, correlation: c } = next); show(); } };
}
