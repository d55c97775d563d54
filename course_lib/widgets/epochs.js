// Epoch explorer: two sliders choose a tile of a sheet that Python has drawn, and its scores.
import { h, spoken, sprite } from "./kit.js";

export function mount({ data, state, slider }) {
  const rules = [...data.thresholds, null];
  const [seed, edge] = data.grown;
  const rule = (t) => (t === null ? `${seed} → ${edge}` : `${t}`);
  const micrograph = sprite(data.image, 1, 1, 300, "The micrograph");
  const found = sprite(data.tiles, rules.length, data.scores.length, 300, "Cells found");
  for (const view of [micrograph, found]) {
    view.style.imageRendering = "pixelated";
    // Side by side on a phone too.
    view.style.flex = "1 1 9rem";
  }
  const said = spoken();

  function draw() {
    const { iteration, threshold } = state;
    const at = iteration * rules.length + threshold;
    const [dice, f1, tp, fp, fn] = data.scores[at];
    const after = `After ${data.iterations[iteration]} iterations`;
    found.show(at, `${after}: ${tp} cells found, ${fn} missed, ${fp} wrong`);
    said.replaceChildren(
      rules[threshold] === null
        ? `Seeds above ${seed}, grown down to ${edge}: `
        : `Connected pixels above ${rules[threshold]}: `,
      h("b", {}, `pixel Dice ${dice.toFixed(2)}, F1 of cells ${f1.toFixed(2)}`),
      ` (${tp} found, ${fn} missed, ${fp} merged or invented).`,
    );
  }
  const legend =
    "White: outlines of the true cells. Blue: cells found. Orange: merged or invented.";
  return {
    controls: [
      slider("iteration", "Training iterations", data.iterations, String),
      slider("threshold", "Threshold on P(cell)", rules, rule),
    ],
    parts: [h("div", { class: "cw-row" }, micrograph, found), h("p", {}, legend), said],
    draw,
  };
}
