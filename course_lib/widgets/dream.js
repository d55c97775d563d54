// Dream explorer. Tile 0 is the photograph; the dreams follow, layer by layer.
function mount(host, data, state, changed) {
  let { layer, step } = state;
  const dreamed = data.steps.length - 1;
  const sliders = [
    slider("Layer", data.layers, layer, String, (v) => { layer = v; draw(); changed({ layer }); }),
    slider("Steps", data.steps, step, String, (v) => { step = v; draw(); changed({ step }); }),
  ];
  const picture = sprite(data.tiles, data.columns, 1 + data.layers.length * dreamed, 384, "Dream");
  const said = h("p", { "aria-live": "polite", class: "cw-said" });
  frame(host, "Dream explorer", ...sliders, picture, said);

  function draw() {
    said.textContent = step ? `What ${data.layers[layer]} sees after ${data.steps[step]} steps in every octave.` : "The photograph.";
    picture.show(step ? 1 + layer * dreamed + step - 1 : 0, said.textContent);
  }
  draw();
  return { update(next) { ({ layer, step } = next); sliders[0].set(layer); sliders[1].set(step); draw(); } };
}
