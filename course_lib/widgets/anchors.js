// Anchor explorer: the settings find a layout from Python, with the best IoU of each object and cell.
function mount(host, data, state, changed) {
  let { stride: i, size: j, shapes: k, cell } = state;
  const pixels = (v) => `${v} px`;
  const { width, height } = data.picture;
  const rows = () => height / data.strides[i], columns = () => width / data.strides[i];
  const controls = [
    slider("Stride", data.strides, i, pixels, (v) => {
      // The cell that lies over the same place.
      const [y, x] = cell.map((n) => (n + 0.5) * data.strides[i]);
      i = v;
      cell = [Math.floor(y / data.strides[i]), Math.floor(x / data.strides[i])];
      draw();
      changed({ stride: i, cell });
    }),
    slider("Anchor size", data.sizes, j, pixels, (v) => { j = v; draw(); changed({ size: j }); }),
    choice("Anchors at each place", data.shapes, k, (v) => { k = v; draw(); changed({ shapes: k }); }),
  ];
  const look = (row, column) => {
    const next = [Math.min(rows() - 1, Math.max(0, row)), Math.min(columns() - 1, Math.max(0, column))];
    if (next.join() === cell.join()) return;
    cell = next;
    draw();
    changed({ cell });
  };

  const view = s("svg", { viewBox: `0 0 ${width} ${height}`, tabindex: 0, role: "application" }, grayImage(data.picture));
  view.style.cssText = "max-width:34rem;cursor:crosshair;touch-action:manipulation";
  view.dataset.lmSuppressShortcuts = "true";
  view.addEventListener("pointerdown", (event) => {
    const box = view.getBoundingClientRect();
    look(Math.floor(((event.clientY - box.top) / box.height) * rows()), Math.floor(((event.clientX - box.left) / box.width) * columns()));
  });
  view.addEventListener("keydown", (event) => {
    const step = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] }[event.key];
    if (!step) return;
    event.preventDefault();
    event.stopPropagation();
    look(cell[0] + step[0], cell[1] + step[1]);
  });
  const outline = (x, y, w, high, style) =>
    s("rect", { x, y, width: w, height: high, style: `fill:none;vector-effect:non-scaling-stroke;${style}` });
  // On a picture that is dark in both themes, colors are fixed.
  const grid = s("path", { style: "fill:#fff;opacity:.55" }), objects = s("g"), anchors = s("g");
  view.append(grid, objects, anchors);
  const legend = h("p", {}, "Blue: nuclei that some anchor overlaps by 0.5 or more. Orange, dotted: out of reach. White: the anchors of one cell; click a place, or use the arrow keys.");
  const said = h("p", { class: "cw-said", "aria-live": "polite" });
  frame(host, "Anchor explorer", ...controls, view, legend, said);

  function draw() {
    const stride = data.strides[i], layout = data.layouts[[i, j, k].join()];
    let dots = "";
    for (let row = 0; row < rows(); row++)
      for (let column = 0; column < columns(); column++)
        dots += `M${(column + 0.5) * stride - 0.5} ${(row + 0.5) * stride - 0.5}h1v1h-1z`;
    grid.setAttribute("d", dots);
    const reached = layout.reached.filter(Boolean).length;
    objects.replaceChildren(...data.true.map(([x1, y1, x2, y2], n) =>
      outline(x1, y1, x2 - x1, y2 - y1, layout.reached[n] ? "stroke:#56b4e9;stroke-width:2.5" : "stroke:#ff9248;stroke-width:2.5;stroke-dasharray:2 3")));
    const [y, x] = cell.map((n) => (n + 0.5) * stride);
    anchors.replaceChildren(...layout.sides.map(([w, high]) => outline(x - w / 2, y - high / 2, w, high, "stroke:#fff;stroke-width:1.5")));
    const count = rows() * columns() * layout.sides.length;
    const best = layout.cell[cell[0]][cell[1]] / 100;
    said.textContent = `${count} anchors; ${reached} of ${data.true.length} nuclei within reach. `
      + `This cell (row ${cell[0] + 1}, column ${cell[1] + 1}): IoU ${best.toFixed(2)} with a nucleus at best.`;
    view.setAttribute("aria-label", `Nuclei under a grid of anchors. ${said.textContent}`);
  }
  draw();
  return {
    update(next) {
      ({ stride: i, size: j, shapes: k, cell } = next);
      [i, j, k].forEach((v, n) => controls[n].set(v));
      draw();
    },
  };
}
