// Unit browser. Tiles of all layers lie one after the other in the sheets, in the order of their
// channels.
import { h, spoken, sprite, t } from "./kit.js";

export function mount({ data, state, set, slider, choice }) {
  const starts = data.channels.map((_, n) => data.channels.slice(0, n).flat().length);
  const total = data.channels.flat().length;
  // A layer may have fewer channels than another: the slider then stops at its last one.
  const longest = Math.max(...data.channels.map((channels) => channels.length));
  const stop = (layer, unit) => Math.min(unit, data.channels[layer].length - 1);
  const change = (layer) => set({ layer, unit: stop(layer, state.unit) });
  const numbers = Array.from({ length: longest }, (_, n) => n);
  const channel = (unit) => String(data.channels[state.layer][stop(state.layer, unit)]);
  const pick = (unit) => set({ layer: state.layer, unit: stop(state.layer, unit) });

  const picture = sprite(data.pictures, data.columns, total, 288, "Optimized picture");
  const patches = Array.from({ length: data.count }, () => {
    const view = sprite(data.patches, data.columns, total * data.count, 96, "Patch");
    const value = h("span");
    return { view, value, figure: h("div", { class: "cw-neighbor cw-patch" }, view, value) };
  });
  const said = spoken();

  function draw() {
    const { layer, unit } = state;
    const at = starts[layer] + unit;
    const name = t("{layer}, channel {unit}", { layer: data.layers[layer], unit: channel(unit) });
    const answers = data.values[at].map((value) => value.toFixed(1));
    picture.show(at, t("Picture that excites {name}", { name }));
    patches.forEach(({ view, value }, n) => {
      const about = t("Patch {n} for {name}: answer {answer}", {
        n: n + 1,
        name,
        answer: answers[n],
      });
      view.show(at * data.count + n, about);
      value.textContent = answers[n];
    });
    said.textContent = t("{name}: answers {answers} to its best patches.", {
      name,
      answers: answers.join(", "),
    });
  }
  const best = h("div", { class: "cw-neighbors" }, ...patches.map((each) => each.figure));
  return {
    controls: [
      choice("layer", "Layer", data.layers, change),
      slider("unit", "Channel", numbers, channel, { choose: pick }),
    ],
    parts: [
      h(
        "div",
        { class: "cw-made" },
        h("div", {}, h("p", {}, "Made: what it looks for"), picture),
        h("div", {}, h("p", {}, "Found: what excites it most in photographs"), best),
      ),
      said,
      h("p", {}, "Would you know one from the other? Go from the first layer to the last."),
    ],
    draw,
  };
}
