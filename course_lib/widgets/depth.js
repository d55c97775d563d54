// Depth explorer. Three charts' worth of numbers from Python, and a sheet of simulated pictures.
function mount(host, data, state, changed) {
  let { depth: k, order: n } = state;
  const names = ["One photon", "Two photons", "Three photons"];
  const depthSlider = slider("Depth", data.depths, k, (z) => `${z} µm`, (at) => { k = at; draw(); changed({ depth: k }); });
  const order = choice("Excitation", names.map((name, at) => `${name}, ${data.wavelengths[at]} nm`), n,
    (at) => { n = at; draw(); changed({ order: n }); });

  const deepest = data.depths.at(-1), [lowest, highest] = data.range;
  const depthAxis = (label) => ({ domain: [0, deepest], label, ticks: [0, 500, 1000, 1500, 2000].map((z) => [z, z]) });
  const powers = [-6, -4, -2, 0, 2, 4].map((v) => [v, v === 0 ? "1" : `10${[...String(v)].map((c) => (c === "-" ? "⁻" : "⁰¹²³⁴⁵⁶"[c])).join("")}`]);
  const profile = chart(depthAxis("plane that shines (µm)"), { domain: [lowest, highest], label: "light from it", ticks: powers },
    "Fluorescence of each plane, relative to the focus");
  const ratio = chart(depthAxis("depth of the focus (µm)"), { domain: [lowest, highest], label: "signal / background", ticks: powers },
    "Signal over background against depth for one, two and three photons");
  const colors = ["var(--cw-disease)", "var(--cw-normal)", "var(--cw-accent)"], dashes = ["2 3", "7 3", ""];
  const stroke = (line, at, width) => {
    line.style.cssText = `fill:none;stroke:${colors[at]};stroke-width:${width};stroke-dasharray:${dashes[at]}`;
    return line;
  };
  ratio.svg.append(polyline([0, deepest], [0, 0], ratio, { class: "cw-axis" }));
  const curves = names.map((_, at) => stroke(polyline(data.depths, data.ratio[at], ratio), at, 2));
  const point = s("circle", { r: 5, class: "cw-point" });
  ratio.svg.append(...curves, point);
  names.forEach((_, at) => {
    // Each curve is named where it is well above its end.
    const where = [1, 7, 13][at];
    ratio.svg.append(s("text", { x: ratio.X(data.depths[where]) + 5, y: ratio.Y(data.ratio[at][where]) - 6 }, `${at + 1} photon${at ? "s" : ""}`));
  });
  const light = s("g");
  profile.svg.append(light);

  const view = sprite(data.pictures, data.depths.length, 3 * data.depths.length, 224, "Simulated picture");
  view.style.aspectRatio = "1";
  const said = h("p", { "aria-live": "polite", class: "cw-said" });
  frame(host, "Depth explorer", depthSlider, order,
    h("div", { class: "cw-row" }, h("div", {}, view, h("p", {}, "Simulated cells, the laser turned up as far as it goes.")), ratio.svg),
    h("div", { class: "cw-row" }, profile.svg, said));

  // A power of ten as people say it.
  const times = (log) => {
    const value = 10 ** log;
    if (log < -2.995) return `less than ${log <= lowest ? "a millionth" : "a thousandth"}`;
    if (log >= 6) return "more than a million";
    return value >= 1000 ? String(Math.round(value / 100) * 100) : String(+value.toPrecision(2));
  };
  function draw() {
    const z = data.depths[k], r = data.ratio[n][k];
    light.replaceChildren(
      stroke(polyline(data.planes[k], data.profiles[n][k], profile), n, 2),
      s("line", { x1: profile.X(z), x2: profile.X(z), y1: profile.Y(highest), y2: profile.Y(lowest), class: "cw-axis", "stroke-dasharray": "2 3" }));
    point.setAttribute("cx", ratio.X(z));
    point.setAttribute("cy", ratio.Y(r));
    point.style.fill = colors[n];
    curves.forEach((curve, at) => { curve.style.strokeWidth = at === n ? 3.5 : 1.5; });
    const limit = data.limits[n];
    view.show(n * data.depths.length + k, `Simulated picture with ${names[n].toLowerCase()} at ${z} µm`);
    const reach = 10 ** data.energy[n][k] <= data.turn_up ? "The laser can still make up for it." : `The laser can be turned up ${data.turn_up} times at most: the picture fades.`;
    said.replaceChildren(
      h("b", {}, `${names[n]} at ${z} µm. `),
      `At constant power, ${times(data.signal[n][k])} of the signal is left; to hold it the laser must be ${times(data.energy[n][k])} times stronger. ${reach} `,
      `Signal over background: ${times(r)}. `,
      limit ? `In this tissue the background wins below ${limit} µm.` : "The background wins at every depth.");
  }
  draw();
  return { update(next) { ({ depth: k, order: n } = next); depthSlider.set(k); order.set(n); draw(); } };
}
