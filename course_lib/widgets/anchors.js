// Anchor explorer: the settings find a layout from Python, with the best IoU of each object and of
// each cell.
import {
  dress,
  fixed,
  grayImage,
  h,
  onArrows,
  outline,
  pointer,
  s,
  spoken,
  t,
  within,
} from "./kit.js";

export function mount({ data, state, set, slider, choice }) {
  const pixels = (v) => `${v} px`;
  const { width, height } = data.picture;
  const stride = () => data.strides[state.stride];
  const rows = () => height / stride();
  const columns = () => width / stride();
  // The cell that lies over the same place.
  const restride = (at) => {
    const cell = state.cell.map((n) => Math.floor(((n + 0.5) * stride()) / data.strides[at]));
    set({ stride: at, cell });
  };
  const look = (row, column) => {
    const cell = [within(row, 0, rows() - 1), within(column, 0, columns() - 1)];
    if (cell.join() !== state.cell.join()) set({ cell });
  };

  const micrograph = (attributes) => {
    const viewBox = `0 0 ${width} ${height}`;
    return s("svg", { viewBox, class: "cw-picture", ...attributes }, grayImage(data.picture));
  };
  const view = micrograph({ tabindex: 0, role: "application", class: "cw-picture cw-painted" });
  view.style.cursor = "crosshair";
  view.addEventListener("click", (event) => {
    const [x, y] = pointer(view, event);
    look(Math.floor(y / stride()), Math.floor(x / stride()));
  });
  onArrows(view, (right, down) => look(state.cell[0] + down, state.cell[1] + right));
  const dots = s("path", { class: "cw-dots" });
  const objects = s("g");
  const anchors = s("g");
  view.append(dots, objects, anchors);
  const plain = micrograph({ role: "img", "aria-label": "The micrograph alone" });

  // How many nuclei every size reaches, with this stride and these shapes.
  const step = 24;
  const top = 16;
  const bottom = 96;
  const bars = data.sizes.map((size, at) => {
    const bar = s("rect", { x: at * step + 2, width: step - 4, class: "cw-normal" });
    const middle = { x: (at + 0.5) * step, "text-anchor": "middle" };
    const count = s("text", middle);
    const name = s("text", { ...middle, y: bottom + 14 }, size);
    const group = s("g", { onclick: () => set({ size: at }), style: "cursor:pointer" });
    group.append(bar, count, name);
    return { bar, count, group };
  });
  const viewBox = `0 0 ${data.sizes.length * step} ${bottom + 20}`;
  const chart = s(
    "svg",
    { viewBox, role: "img", class: "cw-bars" },
    ...bars.map(({ group }) => group),
  );
  const reached = (size) =>
    data.layouts[[state.stride, size, state.shapes].join()].reached.filter(Boolean).length;

  const legend =
    "Blue: nuclei that some anchor overlaps by 0.5 or more. Orange, dotted: out of reach. " +
    "White: the anchors of one cell; click a place, or use the arrow keys.";
  const said = spoken();

  function draw() {
    const side = stride();
    const layout = data.layouts[[state.stride, state.size, state.shapes].join()];
    const [row, column] = state.cell;
    let d = "";
    for (let y = side / 2; y < height; y += side)
      for (let x = side / 2; x < width; x += side) d += `M${x - 0.5} ${y - 0.5}h1v1h-1z`;
    dots.setAttribute("d", d);
    const found = data.true.map((box, n) =>
      outline(box, { class: layout.reached[n] ? "cw-right" : "cw-out-of-reach" }),
    );
    objects.replaceChildren(...found);
    const [y, x] = state.cell.map((n) => (n + 0.5) * side);
    const boxes = layout.sides.map(([w, tall]) =>
      outline([x - w / 2, y - tall / 2, x + w / 2, y + tall / 2], { class: "cw-anchor" }),
    );
    anchors.replaceChildren(...boxes);
    bars.forEach(({ bar, count }, at) => {
      const tall = (reached(at) / data.true.length) * (bottom - top);
      dress(bar, { y: bottom - tall, height: tall });
      bar.style.opacity = at === state.size ? 1 : 0.35;
      count.textContent = reached(at);
      count.setAttribute("y", bottom - tall - 3);
      count.style.fontWeight = at === state.size ? 700 : 400;
    });
    const each = data.sizes.map((size, at) => `${pixels(size)}: ${reached(at)}`).join(", ");
    chart.setAttribute("aria-label", t("Nuclei within reach, by size: {each}", { each }));
    const count = rows() * columns() * layout.sides.length;
    const best = fixed(layout.cell[row][column] / 100, 2);
    said.textContent = t(
      "{count} anchors; {reached} of {n} nuclei within reach. This cell (row {row}, column " +
        "{column}): IoU {best} with a nucleus at best.",
      {
        count,
        reached: reached(state.size),
        n: data.true.length,
        row: row + 1,
        column: column + 1,
        best,
      },
    );
    const about = t("Nuclei under a grid of anchors. {said}", { said: said.textContent });
    view.setAttribute("aria-label", about);
  }
  return {
    controls: [
      slider("stride", "Stride", data.strides, pixels, { choose: restride }),
      slider("size", "Anchor size", data.sizes, pixels),
      choice("shapes", "Anchors at each place", data.shapes),
    ],
    parts: [
      said,
      h(
        "div",
        { class: "cw-row" },
        view,
        h(
          "div",
          { class: "cw-made" },
          h("div", {}, h("p", {}, "Nuclei within reach, by size of the anchors"), chart),
          h("div", {}, h("p", {}, "The micrograph"), plain),
        ),
      ),
      h("p", {}, legend),
    ],
    draw,
  };
}
