// Suppression explorer: the two sliders' positions find the boxes that remain in lists from Python.
import { counted, grayImage, h, outline, s, spoken, t } from "./kit.js";

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
    const { threshold, least } = state;
    const kept = new Set(data.kept[least][threshold]);
    const right = new Set(data.right[least][threshold]);
    const kind = (n) => (right.has(n) ? "right" : kept.has(n) ? "alarm" : "dropped");
    const boxes = data.boxes.map((box, n) => outline(box, { class: `cw-${kind(n)}` }));
    shown.replaceChildren(...boxes);
    said.textContent = t(
      "{kept} of {n} boxes kept: {right} right, {alarms}; {missed} of {nuclei} nuclei missed.",
      {
        kept: kept.size,
        n: data.boxes.length,
        right: right.size,
        alarms: counted(kept.size - right.size, "false alarm"),
        missed: data.true.length - right.size,
        nuclei: data.true.length,
      },
    );
    const about = t("Nuclei with boxes: {said}", { said: said.textContent });
    view.setAttribute("aria-label", about);
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
