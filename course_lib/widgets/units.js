// Unit browser. Tiles of all layers lie one after the other in the sheets, in the order of channels.
function mount(host, data, state, changed) {
  let { layer, unit } = state;
  const starts = data.channels.map((_, n) => data.channels.slice(0, n).flat().length);
  const total = data.channels.flat().length;
  const pick = (next) => { ({ layer, unit } = { layer, unit, ...next }); draw(); changed({ layer, unit }); };
  const layers = choice("Layer", data.layers, layer, (v) => pick({ layer: v, unit: Math.min(unit, data.channels[v].length - 1) }));
  const longest = Math.max(...data.channels.map((c) => c.length));
  // A layer may have fewer channels than another: the slider then stops at its last one.
  const units = slider("Channel", Array.from({ length: longest }, (_, n) => n), unit,
    (n) => String(data.channels[layer][Math.min(n, data.channels[layer].length - 1)]),
    (n) => pick({ unit: Math.min(n, data.channels[layer].length - 1) }));

  const picture = sprite(data.pictures, data.columns, total, 288, "Optimized picture");
  const patches = Array.from({ length: data.count }, (_, n) => {
    const view = sprite(data.patches, data.columns, total * data.count, 96, "Patch");
    const value = h("span", {});
    return { view, value, figure: h("div", { style: "flex:1 1 5rem;max-width:6.5rem;text-align:center" }, view, value) };
  });
  const said = h("p", { "aria-live": "polite", class: "cw-said" });
  frame(host, "Unit browser", layers, units,
    h("div", { class: "cw-row" },
      h("div", {}, h("p", {}, "What it looks for"), picture),
      h("div", {}, h("p", {}, "What excites it most in the photographs"),
        h("div", { style: "display:flex;flex-wrap:wrap;gap:.5rem" }, ...patches.map((p) => p.figure)))),
    said);

  function draw() {
    const channel = data.channels[layer][unit], at = starts[layer] + unit, name = `${data.layers[layer]}, channel ${channel}`;
    units.set(unit);
    picture.show(at, `Picture that excites ${name}`);
    patches.forEach((patch, n) => {
      const value = data.values[at][n].toFixed(1);
      patch.view.show(at * data.count + n, `Patch ${n + 1} for ${name}: answer ${value}`);
      patch.value.textContent = value;
    });
    said.textContent = `${name}: answers ${data.values[at].map((v) => v.toFixed(1)).join(", ")} to its best patches.`;
  }
  draw();
  return { update(next) { ({ layer, unit } = next); layers.set(layer); draw(); } };
}
