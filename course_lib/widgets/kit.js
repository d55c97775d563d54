// Helpers that every widget shares. No imports, no network; a widget looks up and draws.

// An id that no widget of the page has; each widget carries a kit of its own.
function uniqueId(kind) {
  globalThis.cwSerial = (globalThis.cwSerial ?? 0) + 1;
  return `cw-${kind}-${globalThis.cwSerial}`;
}

// An HTML element: h("p", { class: "x", onclick: f }, "text", child, …)
function h(tag, attributes = {}, ...children) {
  return dress(document.createElement(tag), attributes, children);
}

// An SVG element, with the same arguments.
function s(tag, attributes = {}, ...children) {
  return dress(document.createElementNS("http://www.w3.org/2000/svg", tag), attributes, children);
}

function dress(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value !== null && value !== undefined && value !== false) element.setAttribute(name, value);
  }
  element.append(...children);
  return element;
}

// The widget's frame inside its host.
function frame(host, label, ...children) {
  const root = h("div", { class: "cw", role: "group", "aria-label": label }, ...children);
  host.replaceChildren(root);
  return root;
}

// A labelled range over the positions of `values`; `say` turns a value into text.
function slider(label, values, position, say, oninput) {
  const id = uniqueId("input");
  const input = h("input", {
    type: "range", id, min: 0, max: values.length - 1, step: 1, value: position,
    oninput: () => { show(); oninput(+input.value); },
  });
  // JupyterLab would otherwise take the arrow keys for its own shortcuts.
  input.dataset.lmSuppressShortcuts = "true";
  const output = h("output", { for: id });
  const show = () => {
    output.textContent = say(values[+input.value]);
    input.setAttribute("aria-valuetext", output.textContent);
  };
  show();
  const row = h("div", { class: "cw-slider" }, h("label", { for: id }, label), input, output);
  row.set = (value) => { input.value = value; show(); };
  return row;
}

// A labelled choice; `options` are texts, the value is the position.
function choice(label, options, position, onchange) {
  const id = uniqueId("input");
  const select = h("select", { id, onchange: () => onchange(+select.value) },
    ...options.map((text, i) => h("option", { value: i }, text)));
  select.value = position;
  const row = h("div", { class: "cw-choice" }, h("label", { for: id }, label), select);
  row.set = (value) => { select.value = value; };
  return row;
}

function button(text, attributes = {}) {
  const element = h("button", { type: "button", ...attributes }, text);
  element.dataset.lmSuppressShortcuts = "true";
  return element;
}

// A share as text; what is nearly certain is not called certain.
function percent(share) {
  const text = (100 * share).toFixed(1);
  if (text === "100.0" && share < 1) return "> 99.9%";
  if (text === "0.0" && share > 0) return "< 0.1%";
  return `${+text}%`;
}

// Axes of a small chart. `x` and `y` are { domain: [low, high], label, ticks: [[value, text], …] }.
// Returns { svg, X, Y }: the drawing and the functions from data to its coordinates.
function chart(x, y, label, { width = 320, height = 220, log = false } = {}) {
  const left = 46, right = 18, top = 10, bottom = 40;
  const scale = log ? Math.log10 : (v) => v;
  const span = scale(x.domain[1]) - scale(x.domain[0]);
  const X = (v) => left + ((scale(v) - scale(x.domain[0])) / span) * (width - left - right);
  const Y = (v) => height - bottom
    - ((v - y.domain[0]) / (y.domain[1] - y.domain[0])) * (height - top - bottom);
  const svg = s("svg", { viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": label, class: "cw-chart" },
    s("rect", { x: left, y: top, width: width - left - right, height: height - top - bottom, class: "cw-frame" }));
  for (const [v, text] of x.ticks)
    svg.append(s("line", { x1: X(v), x2: X(v), y1: height - bottom, y2: height - bottom + 4, class: "cw-axis" }),
      s("text", { x: X(v), y: height - bottom + 16, "text-anchor": "middle" }, text));
  for (const [v, text] of y.ticks)
    svg.append(s("line", { x1: left - 4, x2: left, y1: Y(v), y2: Y(v), class: "cw-axis" }),
      s("text", { x: left - 7, y: Y(v) + 4, "text-anchor": "end" }, text));
  const middle = (height - bottom + top) / 2;
  svg.append(
    s("text", { x: (left + width - right) / 2, y: height - 6, "text-anchor": "middle" }, x.label),
    s("text", { x: 12, y: middle, "text-anchor": "middle", transform: `rotate(-90 12 ${middle})` }, y.label));
  return { svg, X, Y };
}

const percentTicks = [[0, "0"], [0.5, "50%"], [1, "100%"]];

function polyline(xs, ys, { X, Y }, attributes = {}) {
  return s("polyline", { points: xs.map((v, i) => `${X(v).toFixed(1)},${Y(ys[i]).toFixed(1)}`).join(" "), ...attributes });
}

// A canvas-free picture from a sprite sheet: shows tile `index` of `columns` tiles a row.
function sprite(source, columns, tiles, size, label) {
  const view = h("div", { class: "cw-sprite", role: "img", "aria-label": label });
  const rows = Math.ceil(tiles / columns);
  view.style.cssText = `width:min(100%,${size}px);aspect-ratio:1;background-image:url(${source});`
    + `background-size:${columns * 100}% ${rows * 100}%`;
  view.show = (index, text) => {
    const across = columns > 1 ? (index % columns) / (columns - 1) : 0;
    const down = rows > 1 ? Math.floor(index / columns) / (rows - 1) : 0;
    view.style.backgroundPosition = `${across * 100}% ${down * 100}%`;
    if (text) view.setAttribute("aria-label", text);
  };
  view.show(0);
  return view;
}

// The picture's bytes as an SVG image.
function grayImage({ width, height, gray }) {
  const bytes = atob(gray), canvas = h("canvas", { width, height }), pen = canvas.getContext("2d");
  const pixels = pen.createImageData(width, height);
  for (let n = 0; n < bytes.length; n++) {
    const value = bytes.charCodeAt(n);
    pixels.data.set([value, value, value, 255], 4 * n);
  }
  pen.putImageData(pixels, 0, 0);
  return s("image", { href: canvas.toDataURL(), width, height });
}

// The live Jupyter form of every widget.
function render({ model, el }) {
  el.classList.add("cw-host");
  const changed = (state) => { model.set("state", { ...model.get("state"), ...state }); model.save_changes(); };
  const start = () => mount(el, model.get("data"), model.get("state"), changed);
  let ui = start();
  model.on("change:state", () => ui.update?.(model.get("state")));
  model.on("change:data", () => { ui = start(); });
}
