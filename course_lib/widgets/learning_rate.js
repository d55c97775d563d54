// Learning-rate explorer. Left the valley of the loss with the walk of the weights, right the loss at
// each step; the sliders choose one of the walks that Python took.
function mount(host, data, state, changed) {
  let { rate, optimizer, step } = state;
  const control = (label, key, values, say, set) =>
    slider(label, values, state[key], say, (v) => { set(v); draw(); changed({ [key]: v }); });
  const rates = control("Learning rate", "rate", data.rates, (v) => `${v}`, (v) => { rate = v; });
  const steps = control("Step", "step", Array.from({ length: data.steps + 1 }, (_, k) => k), (k) => `${k}`, (v) => { step = v; });
  const method = choice("Gradient from", data.optimizers, optimizer, (v) => { optimizer = v; draw(); changed({ optimizer: v }); });

  const [across, up] = data.window;
  const ticks = ([low, high]) => [low, (low + high) / 2, high].map((v) => [v, `${v}`]);
  const valley = chart(
    { domain: across, label: `weight of ${data.features[0]}`, ticks: ticks(across) },
    { domain: up, label: `weight of ${data.features[1]}`, ticks: ticks(up) },
    "Valley of the loss, seen from above, with the path of the two weights", { height: 260 });
  const curves = chart(
    { domain: [0, data.steps], label: "step", ticks: [0, 10, 20, 30, 40].map((v) => [v, `${v}`]) },
    { domain: [-0.6, 2], label: "loss", ticks: [[-0.523, "0.3"], [0, "1"], [1, "10"], [2, "100"]] },
    "Loss at each step, on a logarithmic axis", { height: 260 });

  // A window into the chart: what leaves the valley is cut off at its edge.
  const left = valley.X(across[0]), top = valley.Y(up[1]);
  const width = valley.X(across[1]) - left, height = valley.Y(up[0]) - top;
  const view = s("svg", { x: left, y: top, width, height, viewBox: `${left} ${top} ${width} ${height}`, style: `width:${width}px;height:${height}px` });
  const pairs = (points, plot, attributes) => polyline(points.map((p) => p[0]), points.map((p) => p[1]), plot, attributes);
  for (const ring of data.rings) view.append(pairs(ring, valley, { style: "fill:none;stroke:var(--cw-line);opacity:.5" }));
  const [x, y] = data.bottom.map((v, n) => (n ? valley.Y(v) : valley.X(v)));
  view.append(s("path", { d: `M${x - 5} ${y}h10M${x} ${y - 5}v10`, style: "stroke:var(--cw-accent);stroke-width:3" }));
  const walk = s("g"), lines = s("g");
  view.append(walk);
  valley.svg.append(view);
  curves.svg.append(lines);

  const said = h("p", { "aria-live": "polite", class: "cw-said" });
  frame(host, "Learning-rate explorer", rates, steps, method,
    h("div", { class: "cw-row" }, valley.svg, curves.svg),
    h("p", {}, h("span", { class: "cw-disease-ink" }, "— path, and loss of the women trained on"), "  ",
      h("span", { class: "cw-normal-ink" }, "-- loss of the others"), "  ✚ bottom of the valley"),
    said);

  function draw() {
    const { path, log_loss, loss, verdict } = data.walks[optimizer][rate];
    const here = path[Math.min(step, path.length - 1)];
    walk.replaceChildren(
      pairs(path.slice(0, step + 1), valley, { class: "cw-disease-line", style: "stroke-width:1.5" }),
      ...path.slice(0, step + 1).map((p) => s("circle", { cx: valley.X(p[0]), cy: valley.Y(p[1]), r: 2, class: "cw-disease" })),
      s("circle", { cx: valley.X(here[0]), cy: valley.Y(here[1]), r: 5, class: "cw-disease cw-point" }));
    const all = log_loss[0].map((_, k) => k);
    lines.replaceChildren(
      polyline(all, log_loss[0], curves, { class: "cw-disease-line" }),
      polyline(all, log_loss[1], curves, { class: "cw-normal-line" }),
      s("circle", { cx: curves.X(step), cy: curves.Y(log_loss[0][step]), r: 5, class: "cw-disease cw-point" }));
    said.textContent = `Learning rate ${data.rates[rate]}, step ${step}: loss ${loss[step]}, the lowest possible is ${data.lowest}. `
      + `After ${data.steps} steps ${loss.at(-1)}: ${verdict}.`;
  }
  draw();
  return {
    update(next) {
      ({ rate, optimizer, step } = next);
      rates.set(rate);
      steps.set(step);
      method.set(optimizer);
      draw();
    },
  };
}
