// Attribution explorer. The maps' tiles lie in one sheet, method by method, class by class.
import { h, percent, spoken, sprite, t } from "./kit.js";

export function mount({ data, state, slider, choice }) {
  const maps = data.methods.length * data.classes.length;
  const photo = sprite(data.image, 1, 1, 448, "Picture");
  const map = sprite(data.tiles, data.columns, maps, 448, "Map");
  for (const view of [photo, map]) {
    view.style.gridArea = "1/1";
    view.style.aspectRatio = data.aspect;
  }
  const said = spoken();

  function draw() {
    const { method, target, cover } = state;
    const at = method * data.classes.length + target;
    const share = data.shares[at];
    map.style.opacity = data.covers[cover] / 100;
    const places = { method: t(data.methods[method]), target: t(data.classes[target]) };
    const what = t("{method}: why {target}?", places);
    map.show(at, what);
    said.textContent =
      share === null
        ? what
        : what +
          t(" {share} of the map lies in {region}.", {
            share: percent(share),
            region: t(data.region),
          });
  }
  return {
    controls: [
      choice("method", "Method", data.methods),
      choice("target", "Explain", data.classes),
      slider("cover", "Map covers", data.covers, (v) => `${v}%`),
    ],
    parts: [h("div", { style: "display:grid" }, photo, map), said],
    draw,
  };
}
