// Style explorer. Tiles 0 and 1 are content and style; the pictures follow, weight by weight.
import { h, spoken, sprite, t } from "./kit.js";

export function mount({ data, state, slider }) {
  const stages = data.steps.length;
  const tiles = 2 + data.weights.length * stages;
  const sources = ["The content", "The style"].map((name, at) => {
    const view = sprite(data.tiles, data.columns, tiles, 160, name);
    view.show(at, name);
    view.style.flex = "0 1 8.5rem";
    return view;
  });
  const picture = sprite(data.tiles, data.columns, tiles, 352, "Painted");
  picture.classList.add("cw-painted");
  // Beside the picture the two stand below each other, and above it side by side.
  const beside = h("div", { class: "cw-row", style: "flex:1 1 8.5rem" }, ...sources);
  const said = spoken();

  function draw() {
    const { weight, step } = state;
    const [content, style] = data.costs[weight][step].map((cost) => cost.toFixed(2));
    said.replaceChildren(
      t("Content weight {weight}, {steps} steps: ", {
        weight: data.weights[weight],
        steps: data.steps[step],
      }),
      h("b", {}, t("content cost {content}, style cost {style}", { content, style })),
      ".",
    );
    picture.show(2 + weight * stages + step, said.textContent);
  }
  return {
    controls: [
      slider("weight", "Content weight", data.weights, String),
      slider("step", "Steps", data.steps, String),
    ],
    parts: [h("div", { class: "cw-row" }, beside, picture), said],
    draw,
  };
}
