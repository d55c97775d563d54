// Decoding explorer. Accuracy against noise for the chosen number of voxels, and who is mistaken for whom.
function mount(host, data, state, changed) {
  let { noise: k, voxels: v } = state;
  const control = (label, key, values, say, set) =>
    slider(label, values, state[key], say, (at) => { set(at); draw(); changed({ [key]: at }); });
  const sliders = [
    control("Noise", "noise", data.noises, (n) => `${n}× signal`, (at) => { k = at; }),
    control("Voxels", "voxels", data.voxels, String, (at) => { v = at; }),
  ];

  const first = data.noises[0], last = data.noises.at(-1);
  const plot = chart(
    { domain: [first, last], label: "noise / signal", ticks: [1, 4, 16, 64].map((n) => [n, n]) },
    { domain: [0, 1], label: "accuracy", ticks: percentTicks }, "Accuracy against noise, with its interval and chance", { log: true });
  const band = s("polygon", { class: "cw-normal", opacity: 0.2 });
  const curve = s("g"), luck = s("g");
  const point = s("circle", { r: 5, class: "cw-normal cw-point" });
  plot.svg.append(
    polyline([first, last], [data.chance, data.chance], plot, { class: "cw-axis", "stroke-dasharray": "2 3" }),
    s("text", { x: plot.X(first) + 4, y: plot.Y(data.chance) - 4 }, "chance"), band, luck, curve, point);

  const names = data.orientations.map((v) => `${v}°`);
  const cells = names.map(() => names.map(() => h("td", {})));
  const matrix = h("table", {},
    h("caption", {}, "True orientation in rows, what was read in columns"),
    h("thead", {}, h("tr", {}, h("th", { scope: "col" }, "seen \\ read"), ...names.map((n) => h("th", { scope: "col" }, n)))),
    h("tbody", {}, ...names.map((n, r) => h("tr", {}, h("th", { scope: "row" }, n), ...cells[r]))));
  const legend = h("p", {},
    h("span", { class: "cw-normal-ink" }, "━ accuracy and its 95% interval"), "   ",
    h("span", { class: "cw-disease-ink" }, "┅ what luck exceeds once in 20"));
  const said = h("p", { "aria-live": "polite", class: "cw-said" });
  frame(host, "Decoding explorer", ...sliders, legend, h("div", { class: "cw-row" }, plot.svg, h("div", {}, matrix)), said);

  function draw() {
    const accuracy = data.accuracy[v][k], low = data.low[v], high = data.high[v];
    const corner = (n, y) => `${plot.X(n).toFixed(1)},${plot.Y(y).toFixed(1)}`;
    band.setAttribute("points", [...data.noises.map((n, at) => corner(n, high[at])), ...data.noises.map((n, at) => corner(n, low[at])).reverse()].join(" "));
    const solid = polyline(data.noises, data.accuracy[v], plot);
    solid.style.cssText = "fill:none;stroke:var(--cw-normal);stroke-width:2.5";
    const dashed = polyline(data.noises, data.lucky[v], plot);
    dashed.style.cssText = "fill:none;stroke:var(--cw-disease);stroke-width:2;stroke-dasharray:6 3";
    curve.replaceChildren(solid);
    luck.replaceChildren(dashed);
    point.setAttribute("cx", plot.X(data.noises[k]));
    point.setAttribute("cy", plot.Y(accuracy));
    const most = data.cases / names.length;
    cells.forEach((row, r) => row.forEach((cell, c) => {
      const count = data.confusion[v][k][r][c];
      cell.textContent = count;
      cell.style.background = `color-mix(in srgb, var(--cw-${r === c ? "normal" : "disease"}) ${Math.round((45 * count) / most)}%, transparent)`;
    }));
    const verdict = accuracy > data.lucky[v][k] ? "More than luck." : "Luck alone would do as well.";
    said.replaceChildren(h("b", { class: "cw-normal-ink" }, `Accuracy ${percent(accuracy)}`),
      ` of ${data.cases} gratings, 95% interval ${percent(low[k])} to ${percent(high[k])}; chance is ${percent(data.chance)}. ${verdict}`);
  }
  draw();
  return { update(next) { ({ noise: k, voxels: v } = next); sliders[0].set(k); sliders[1].set(v); draw(); } };
}
