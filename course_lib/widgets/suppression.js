// Suppression explorer: the two sliders' positions find the boxes that remain in lists from Python.
import { counted, grayImage, h, outline, s, spoken } from "./kit.js";

export function mount({ data, state, slider }) {
  const number = (v) => v.toFixed(2);
  const { width, height } = data.picture;
  const viewBox = `0 0 ${width} ${height}`;
  const view = s("svg", { viewBox, role: "img", class: "cw-picture" }, grayImage(data.picture));
  const truth = s("g", {}, ...data.true.map((box) => outline(box, { class: "cw-truth" })));
  const shown = s("g");
  view.append(shown, truth);
  const said = spoken();

  function draw() {
    const { threshold: t, least: l } = state;
    const kept = new Set(data.kept[l][t]);
    const right = new Set(data.right[l][t]);
    const kind = (n) => (right.has(n) ? "right" : kept.has(n) ? "alarm" : "dropped");
    const boxes = data.boxes.map((box, n) => outline(box, { class: `cw-${kind(n)}` }));
    shown.replaceChildren(...boxes);
    said.textContent =
      `${kept.size} of ${data.boxes.length} boxes kept: ${right.size} right, ` +
      `${counted(kept.size - right.size, "false alarm")}; ` +
      `${data.true.length - right.size} of ${data.true.length} nuclei missed.`;
    view.setAttribute("aria-label", `Nuclei with boxes: ${said.textContent}`);
  }
  const legend =
    "Blue: kept and right. Orange, dashed: kept, a false alarm. Thin: dropped. " +
    "White, dotted: the truth.";
  return {
    controls: [
      slider("threshold", "IoU threshold", data.thresholds, number),
      slider("least", "Least score", data.least, number),
    ],
    parts: [view, h("p", {}, legend), said],
    draw,
  };
}
