// Overlap explorer. The squares of two boxes are counted along each axis; the counts find the IoU in
// a table from Python.
function mount(host, data, state, changed) {
  const boxes = { first: [...state.first], second: [...state.second] };
  const names = { first: "A", second: "B" };
  const limit = [data.columns, data.rows, data.columns, data.rows];
  const size = 30, margin = 6;
  const P = (v) => margin + v * size;
  const paper = s("svg", {
    viewBox: `0 0 ${2 * margin + data.columns * size} ${2 * margin + data.rows * size}`, role: "group", "aria-label": "Squared paper with two boxes",
  });
  paper.style.cssText = "max-width:26rem;touch-action:none;user-select:none";
  for (let x = 0; x <= data.columns; x++)
    paper.append(s("line", { x1: P(x), x2: P(x), y1: P(0), y2: P(data.rows), class: "cw-axis", "stroke-opacity": 0.35 }));
  for (let y = 0; y <= data.rows; y++)
    paper.append(s("line", { x1: P(0), x2: P(data.columns), y1: P(y), y2: P(y), class: "cw-axis", "stroke-opacity": 0.35 }));
  const common = s("rect", { style: "fill:var(--cw-accent);fill-opacity:.55" });
  paper.append(common);

  const drawn = {};
  for (const [key, kind] of [["first", "normal"], ["second", "disease"]]) {
    const body = s("rect", { style: `fill:var(--cw-${kind});fill-opacity:.14;stroke:var(--cw-${kind});stroke-width:3;cursor:move${key === "second" ? ";stroke-dasharray:7 4" : ""}` });
    const label = s("text", { style: "font-size:15px;font-weight:600;pointer-events:none" }, names[key]);
    // The corner that resizes is larger than it looks, for fingers.
    const grip = s("circle", { r: 6, style: `fill:var(--cw-${kind});pointer-events:none` });
    const corner = s("circle", { r: 15, style: "fill:transparent;cursor:nwse-resize" });
    const group = s("g", { tabindex: 0, role: "application" }, body, label, grip, corner);
    group.dataset.lmSuppressShortcuts = "true";
    // The browser's outline would look like a third box.
    group.style.outline = "none";
    group.addEventListener("focus", () => { body.style.strokeWidth = 6; });
    group.addEventListener("blur", () => { body.style.strokeWidth = 3; });
    group.addEventListener("keydown", (event) => press(key, event));
    for (const [part, resize] of [[body, false], [corner, true]]) {
      part.addEventListener("pointerdown", (event) => grab(event, key, resize, part));
    }
    paper.append(group);
    drawn[key] = { body, label, grip, corner, group };
  }

  const said = h("p", { "aria-live": "polite", class: "cw-said" });
  const verdict = h("p", { class: "cw-verdict" });
  frame(host, "Overlap explorer",
    h("p", {}, "Drag a box, or its corner to resize it. With the keyboard: Tab to a box, arrow keys move it, Shift and arrow keys resize it."),
    paper, said, verdict);

  function set(key, box) {
    const fits = box[0] >= 0 && box[1] >= 0 && box[0] < box[2] && box[1] < box[3] && box.every((v, n) => v <= limit[n]);
    if (!fits || box.join() === boxes[key].join()) return;
    boxes[key] = box;
    draw();
    changed({ [key]: box });
  }

  function press(key, event) {
    const step = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
    if (!step) return;
    event.preventDefault();
    event.stopPropagation();
    const [x1, y1, x2, y2] = boxes[key], [dx, dy] = step;
    set(key, event.shiftKey ? [x1, y1, x2 + dx, y2 + dy] : [x1 + dx, y1 + dy, x2 + dx, y2 + dy]);
  }

  function grab(event, key, resize, part) {
    event.preventDefault();
    drawn[key].group.focus({ preventScroll: true });
    part.setPointerCapture(event.pointerId);
    const start = [...boxes[key]], from = [event.clientX, event.clientY];
    const scale = paper.viewBox.baseVal.width / paper.getBoundingClientRect().width / size;
    const clamp = (v, low, high) => Math.min(high, Math.max(low, v));
    const move = (now) => {
      const dx = Math.round((now.clientX - from[0]) * scale), dy = Math.round((now.clientY - from[1]) * scale);
      const [x1, y1, x2, y2] = start;
      if (resize) set(key, [x1, y1, clamp(x2 + dx, x1 + 1, data.columns), clamp(y2 + dy, y1 + 1, data.rows)]);
      else {
        const ax = clamp(dx, -x1, data.columns - x2), ay = clamp(dy, -y1, data.rows - y2);
        set(key, [x1 + ax, y1 + ay, x2 + ax, y2 + ay]);
      }
    };
    const end = () => {
      part.removeEventListener("pointermove", move);
      for (const name of ["pointerup", "pointercancel"]) part.removeEventListener(name, end);
    };
    part.addEventListener("pointermove", move);
    for (const name of ["pointerup", "pointercancel"]) part.addEventListener(name, end);
  }

  const place = (a, b) => data.intervals.findIndex(([start, stop]) => start === a && stop === b);
  const squares = (n) => `${n} square${n === 1 ? "" : "s"}`;

  function draw() {
    const a = boxes.first, b = boxes.second;
    for (const [key, [x1, y1, x2, y2]] of Object.entries(boxes)) {
      const { body, label, grip, corner, group } = drawn[key];
      for (const [name, value] of Object.entries({ x: P(x1), y: P(y1), width: (x2 - x1) * size, height: (y2 - y1) * size })) body.setAttribute(name, value);
      label.setAttribute("x", P(x1) + 6);
      label.setAttribute("y", P(y1) + 19);
      for (const circle of [grip, corner]) { circle.setAttribute("cx", P(x2)); circle.setAttribute("cy", P(y2)); }
      group.setAttribute("aria-label", `Box ${names[key]}: columns ${x1} to ${x2}, rows ${y1} to ${y2}`);
    }
    const wide = data.shared[place(a[0], a[2])][place(b[0], b[2])];
    const high = data.shared[place(a[1], a[3])][place(b[1], b[3])];
    for (const [name, value] of Object.entries({ x: P(Math.max(a[0], b[0])), y: P(Math.max(a[1], b[1])), width: high ? wide * size : 0, height: wide ? high * size : 0 })) common.setAttribute(name, value);
    const shared = wide * high;
    const union = (a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - shared;
    const value = data.iou[union][shared];
    said.replaceChildren(`Shared: ${squares(shared)}. Together: ${squares(union)}. `, h("b", {}, `IoU ${value.toFixed(3)}`));
    verdict.textContent = data.thresholds.map((t) => `${value >= t ? "✓ a hit" : "✗ a miss"} at ${t}`).join("  ·  ");
  }
  draw();
  return { update(next) { Object.assign(boxes, { first: [...next.first], second: [...next.second] }); draw(); } };
}
