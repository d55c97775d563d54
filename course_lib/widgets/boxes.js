// Overlap explorer. The squares of two boxes are counted along each axis; the counts find the IoU
// in a table from Python.
import {
  counted,
  dress,
  fixed,
  h,
  moveTo,
  onArrows,
  pointer,
  s,
  spoken,
  straight,
  t,
  within,
} from "./kit.js";

export function mount({ data, state, set }) {
  const names = { first: "A", second: "B" };
  const limit = [data.columns, data.rows, data.columns, data.rows];
  const size = 30;
  const margin = 6;
  const P = (v) => margin + v * size;
  const viewBox = `0 0 ${2 * margin + data.columns * size} ${2 * margin + data.rows * size}`;
  const label = "Squared paper with two boxes";
  const paper = s("svg", { viewBox, role: "group", "aria-label": label, class: "cw-paper" });
  const plot = { X: P, Y: P };
  for (let x = 0; x <= data.columns; x++) paper.append(straight([x, 0], [x, data.rows], plot));
  for (let y = 0; y <= data.rows; y++) paper.append(straight([0, y], [data.columns, y], plot));
  const common = s("rect", { class: "cw-common" });
  paper.append(common);

  const drawn = {};
  for (const [key, kind] of [
    ["first", "normal"],
    ["second", "disease"],
  ]) {
    const body = s("rect", { class: key === "second" ? "cw-body cw-dashes" : "cw-body" });
    const text = s("text", { class: "cw-name" }, names[key]);
    // The corner that resizes is larger than it looks, for fingers.
    const grip = s("circle", { r: 6, class: "cw-grip" });
    const corner = s("circle", { r: 22, class: "cw-corner" });
    const group = s(
      "g",
      {
        tabindex: 0,
        role: "application",
        class: "cw-box",
        style: `--cw-box:var(--cw-${kind})`,
      },
      ...[body, text, grip, corner],
    );
    onArrows(group, (dx, dy, { shiftKey }) => {
      const [x1, y1, x2, y2] = state[key];
      place(key, shiftKey ? [x1, y1, x2 + dx, y2 + dy] : [x1 + dx, y1 + dy, x2 + dx, y2 + dy]);
    });
    body.addEventListener("pointerdown", (event) => grab(event, key, false, body));
    corner.addEventListener("pointerdown", (event) => grab(event, key, true, corner));
    // A finger that swipes over a box scrolls the page; after a tap it drags the box.
    group.addEventListener("click", () => group.focus({ preventScroll: true }));
    const drag = (event) => document.activeElement === group && event.preventDefault();
    group.addEventListener("touchmove", drag, { passive: false });
    paper.append(group);
    drawn[key] = { body, text, circles: [grip, corner], group };
  }
  const said = spoken();
  const verdict = h("p", { class: "cw-verdict" });

  function place(key, box) {
    const [x1, y1, x2, y2] = box;
    const fits = x1 >= 0 && y1 >= 0 && x1 < x2 && y1 < y2 && box.every((v, n) => v <= limit[n]);
    if (fits && box.join() !== state[key].join()) set({ [key]: box });
  }

  function grab(event, key, resize, part) {
    const { group } = drawn[key];
    if (event.pointerType !== "mouse" && document.activeElement !== group) return;
    event.preventDefault();
    group.focus({ preventScroll: true });
    part.setPointerCapture(event.pointerId);
    const [x1, y1, x2, y2] = state[key];
    const from = pointer(paper, event);
    const move = (now) => {
      const to = pointer(paper, now);
      const [dx, dy] = to.map((v, n) => Math.round((v - from[n]) / size));
      if (resize) {
        const right = within(x2 + dx, x1 + 1, data.columns);
        place(key, [x1, y1, right, within(y2 + dy, y1 + 1, data.rows)]);
      } else {
        const across = within(dx, -x1, data.columns - x2);
        const down = within(dy, -y1, data.rows - y2);
        place(key, [x1 + across, y1 + down, x2 + across, y2 + down]);
      }
    };
    const ends = ["pointerup", "pointercancel"];
    const end = () => {
      part.removeEventListener("pointermove", move);
      for (const name of ends) part.removeEventListener(name, end);
    };
    part.addEventListener("pointermove", move);
    for (const name of ends) part.addEventListener(name, end);
  }

  const interval = (a, b) => data.intervals.findIndex(([start, stop]) => start === a && stop === b);

  function draw() {
    for (const [key, { body, text, circles, group }] of Object.entries(drawn)) {
      const [x1, y1, x2, y2] = state[key];
      const sides = { width: (x2 - x1) * size, height: (y2 - y1) * size };
      dress(body, { x: P(x1), y: P(y1), ...sides });
      dress(text, { x: P(x1) + 6, y: P(y1) + 19 });
      for (const circle of circles) moveTo(circle, P(x2), P(y2));
      const where = "Box {name}: columns {x1} to {x2}, rows {y1} to {y2}";
      group.setAttribute("aria-label", t(where, { name: names[key], x1, x2, y1, y2 }));
    }
    const a = state.first;
    const b = state.second;
    const wide = data.shared[interval(a[0], a[2])][interval(b[0], b[2])];
    const high = data.shared[interval(a[1], a[3])][interval(b[1], b[3])];
    const shared = wide * high;
    dress(common, {
      x: P(Math.max(a[0], b[0])),
      y: P(Math.max(a[1], b[1])),
      width: shared ? wide * size : 0,
      height: shared ? high * size : 0,
    });
    const union = (a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - shared;
    const iou = data.iou[union][shared];
    said.replaceChildren(
      t("Shared: {shared}. Together: {union}. ", {
        shared: counted(shared, "square"),
        union: counted(union, "square"),
      }),
      h("b", {}, `IoU ${fixed(iou, 3)}`),
    );
    const verdicts = data.thresholds.map((threshold) =>
      t(iou >= threshold ? "✓ a hit at {threshold}" : "✗ a miss at {threshold}", { threshold }),
    );
    verdict.textContent = verdicts.join("  ·  ");
  }
  const help =
    "Drag a box, or its corner to resize it; with a finger, tap the box first. With the " +
    "keyboard: Tab to a box, arrow keys move it, Shift and arrow keys resize it.";
  return { parts: [h("p", {}, help), paper, said, verdict], draw };
}
