// Suppression explorer: the two sliders' positions find the boxes that remain in lists from Python.
function mount(host, data, state, changed) {
  let { threshold: t, least: l } = state;
  const number = (v) => v.toFixed(2);
  const sliders = [
    slider("IoU threshold", data.thresholds, t, number, (v) => { t = v; draw(); changed({ threshold: t }); }),
    slider("Least score", data.least, l, number, (v) => { l = v; draw(); changed({ least: l }); }),
  ];
  const { width, height } = data.picture;
  const view = s("svg", { viewBox: `0 0 ${width} ${height}`, role: "img" }, grayImage(data.picture));
  view.style.maxWidth = "34rem";
  const outline = ([x1, y1, x2, y2], style) =>
    s("rect", { x: x1, y: y1, width: x2 - x1, height: y2 - y1, style: `fill:none;vector-effect:non-scaling-stroke;${style}` });
  // On a picture that is dark in both themes, colors are fixed.
  const truth = s("g", {}, ...data.true.map((box) => outline(box, "stroke:#fff;stroke-width:1.5;stroke-dasharray:2 3")));
  const shown = s("g");
  view.append(shown, truth);
  const legend = h("p", {}, "Blue: kept and right. Orange, dashed: kept, a false alarm. Thin: dropped. White, dotted: the truth.");
  const said = h("p", { "aria-live": "polite", class: "cw-said" });
  frame(host, "Suppression explorer", ...sliders, view, legend, said);

  function draw() {
    const kept = new Set(data.kept[l][t]), right = new Set(data.right[l][t]);
    shown.replaceChildren(...data.boxes.map((box, n) =>
      right.has(n) ? outline(box, "stroke:#56b4e9;stroke-width:3")
        : kept.has(n) ? outline(box, "stroke:#ff9248;stroke-width:3;stroke-dasharray:7 4")
          : outline(box, "stroke:#fff;stroke-width:.7;opacity:.35")));
    const missed = data.true.length - right.size, alarms = kept.size - right.size;
    said.textContent = `${kept.size} of ${data.boxes.length} boxes kept: ${right.size} right, ${alarms} false alarm${alarms === 1 ? "" : "s"}; ${missed} of ${data.true.length} nuclei missed.`;
    view.setAttribute("aria-label", `Nuclei with boxes: ${said.textContent}`);
  }
  draw();
  return {
    update(next) {
      ({ threshold: t, least: l } = next);
      sliders[0].set(t);
      sliders[1].set(l);
      draw();
    },
  };
}
