// Style explorer. Tiles 0 and 1 are content and style; the pictures follow, weight by weight.
function mount(host, data, state, changed) {
  let { weight, step } = state;
  const stages = data.steps.length, tiles = 2 + data.weights.length * stages;
  const sliders = [
    slider("Content weight", data.weights, weight, String, (v) => { weight = v; draw(); changed({ weight }); }),
    slider("Steps", data.steps, step, String, (v) => { step = v; draw(); changed({ step }); }),
  ];
  const [content, style] = ["The content", "The style"].map((name, at) => {
    const view = sprite(data.tiles, data.columns, tiles, 160, name);
    view.show(at, name);
    view.style.flex = "0 1 8.5rem";
    return view;
  });
  const picture = sprite(data.tiles, data.columns, tiles, 352, "Painted");
  // Beside the picture the two stand below each other, and above it side by side.
  const sources = h("div", { class: "cw-row", style: "flex:1 1 8.5rem" }, content, style);
  picture.style.cssText += ";flex-grow:100;max-width:24rem";
  const said = h("p", { "aria-live": "polite", class: "cw-said" });
  frame(host, "Style explorer", ...sliders, h("div", { class: "cw-row" }, sources, picture), said);

  function draw() {
    const [c, s] = data.costs[weight][step];
    said.replaceChildren(`Content weight ${data.weights[weight]}, ${data.steps[step]} steps: `,
      h("b", {}, `content cost ${c.toFixed(2)}, style cost ${s.toFixed(2)}`), ".");
    picture.show(2 + weight * stages + step, said.textContent);
  }
  draw();
  return { update(next) { ({ weight, step } = next); sliders[0].set(weight); sliders[1].set(step); draw(); } };
}
