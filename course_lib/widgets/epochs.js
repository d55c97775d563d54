// Epoch explorer: two sliders choose a tile of a sheet that Python has drawn, and its scores.
function mount(host, data, state, changed) {
  let { iteration, threshold } = state;
  const rules = [...data.thresholds, null];
  const rule = (t) => (t === null ? data.grown.join(" → ") : `${t}`);
  const sliders = [
    slider("Training iterations", data.iterations, iteration, (n) => `${n}`, (at) => { iteration = at; draw(); changed({ iteration }); }),
    slider("Threshold on P(cell)", rules, threshold, rule, (at) => { threshold = at; draw(); changed({ threshold }); }),
  ];
  const micrograph = sprite(data.image, 1, 1, 300, "The micrograph");
  const found = sprite(data.tiles, rules.length, data.scores.length, 300, "Cells found");
  for (const view of [micrograph, found]) {
    view.style.imageRendering = "pixelated";
    // Side by side on a phone too.
    view.style.flex = "1 1 9rem";
  }
  const said = h("p", { "aria-live": "polite", class: "cw-said" });
  frame(host, "Epoch explorer", ...sliders,
    h("div", { class: "cw-row" }, micrograph, found),
    h("p", {}, "White: outlines of the true cells. Blue: cells found. Orange: merged or invented."), said);

  function draw() {
    const at = iteration * rules.length + threshold, [dice, f1, tp, fp, fn] = data.scores[at];
    const [seed, edge] = data.grown;
    found.show(at, `After ${data.iterations[iteration]} iterations: ${tp} cells found, ${fn} missed, ${fp} wrong`);
    said.replaceChildren(
      rules[threshold] === null ? `Seeds above ${seed}, grown down to ${edge}: ` : `Connected pixels above ${rules[threshold]}: `,
      h("b", {}, `pixel Dice ${dice.toFixed(2)}, F1 of cells ${f1.toFixed(2)}`),
      ` (${tp} found, ${fn} missed, ${fp} merged or invented).`);
  }
  draw();
  return {
    update(next) {
      ({ iteration, threshold } = next);
      [iteration, threshold].forEach((v, n) => sliders[n].set(v));
      draw();
    },
  };
}
