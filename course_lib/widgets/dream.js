// Dream explorer. Tile 0 is the photograph; the dreams follow, layer by layer.
import { h, spoken, sprite, t } from "./kit.js";

export function mount({ data, state, slider }) {
  const dreamed = data.steps.length - 1;
  const tiles = 1 + data.layers.length * dreamed;
  const photo = sprite(data.tiles, data.columns, tiles, 320, "The photograph");
  const dream = sprite(data.tiles, data.columns, tiles, 320, "Dream");
  const said = spoken();

  function draw() {
    const { layer, step } = state;
    said.textContent = step
      ? t("What {layer} sees after {n} steps in every octave.", {
          layer: data.layers[layer],
          n: data.steps[step],
        })
      : t("The photograph.");
    dream.show(step ? 1 + layer * dreamed + step - 1 : 0, said.textContent);
  }
  return {
    controls: [
      slider("layer", "Layer", data.layers, String),
      slider("step", "Steps", data.steps, String),
    ],
    parts: [
      h(
        "div",
        { class: "cw-made" },
        h("div", {}, h("p", {}, "The photograph"), photo),
        h("div", {}, h("p", {}, "The dream"), dream),
      ),
      said,
      h("p", {}, "Go from the first layer to the last: strokes come first, things later."),
    ],
    draw,
  };
}
