// Embedding explorer. Squared distances are whole hundredths from Python; here they are compared with
// the threshold, and looked up.
function mount(host, data, state, changed) {
  let { selected, threshold } = state;
  const n = data.names.length, tile = 32, pad = 22, width = 480, height = 360;
  const id = uniqueId("sheet");
  const number = (hundredths) => (hundredths / 100).toFixed(2);
  const pick = (next) => {
    ({ selected, threshold } = { selected, threshold, ...next });
    who.set(selected);
    limit.set(threshold);
    draw();
    changed({ selected, threshold });
  };
  const positions = data.names.map((_, at) => at);
  const who = slider("Picture", positions, selected, (at) => data.names[at], (at) => pick({ selected: at }));
  const limit = slider("Accept up to", data.thresholds, threshold, number, (at) => pick({ threshold: at }));

  const rows = Math.ceil(n / data.columns);
  const map = s("svg", { viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": "Map of the pictures: a click chooses one", style: "cursor:pointer" },
    s("defs", {}, s("image", { id, href: data.pictures, width: data.columns * tile, height: rows * tile, preserveAspectRatio: "none" })),
    s("rect", { x: 0.5, y: 0.5, width: width - 1, height: height - 1, class: "cw-frame" }));
  const X = data.x.map((v) => pad + v * (width - 2 * pad)), Y = data.y.map((v) => height - pad - v * (height - 2 * pad));
  const size = 20;
  const marks = positions.map((at) => {
    const left = (at % data.columns) * tile, top = Math.floor(at / data.columns) * tile;
    const picture = s("svg", { x: X[at] - size / 2, y: Y[at] - size / 2, width: size, height: size, viewBox: `${left} ${top} ${tile} ${tile}` }, s("use", { href: `#${id}` }));
    const box = s("rect", { x: X[at] - size / 2 - 1, y: Y[at] - size / 2 - 1, width: size + 2, height: size + 2, style: "fill:none" });
    const group = s("g", { "data-picture": at }, picture, box);
    map.append(group);
    return { group, box };
  });
  map.addEventListener("click", (event) => {
    const view = map.getBoundingClientRect();
    const x = ((event.clientX - view.left) / view.width) * width, y = ((event.clientY - view.top) / view.height) * height;
    const away = positions.map((at) => Math.hypot(X[at] - x, Y[at] - y));
    pick({ selected: away.indexOf(Math.min(...away)) });
  });

  const chosen = sprite(data.pictures, data.columns, n, 72, "The chosen picture");
  const near = data.neighbors[0].map(() => {
    const view = sprite(data.pictures, data.columns, n, 56, "A neighbor");
    const verdict = h("span", {});
    return { view, verdict, figure: h("div", { class: "cw-neighbor", style: "flex:1 1 4.2rem;max-width:5.5rem;text-align:center" }, view, verdict) };
  });
  near.forEach(({ view }) => { view.style.marginInline = "auto"; });
  const legend = h("p", {},
    h("span", { style: "color:var(--cw-good)" }, "▣ chosen"), "  ",
    h("span", { class: "cw-normal-ink" }, "□ same, accepted"), "  ",
    h("span", {}, "┄ same, rejected"), "  ",
    h("span", { class: "cw-disease-ink" }, "□ stranger, accepted"));
  const said = h("p", { "aria-live": "polite", class: "cw-said" });
  const rates = h("p", { class: "cw-rates" });
  frame(host, "Embedding explorer", who, limit, map, legend,
    h("div", { style: "display:flex;flex-wrap:wrap;gap:1rem;align-items:flex-start" },
      h("div", {}, h("p", {}, "Chosen"), h("div", { style: "width:4.5rem" }, chosen)),
      h("div", { style: "flex:1 1 15rem;min-width:0" }, h("p", {}, "Its nearest pictures"), h("div", { style: "display:flex;flex-wrap:wrap;gap:.5rem" }, ...near.map((each) => each.figure)))),
    said, rates);

  function draw() {
    const row = data.distances[selected], most = data.thresholds[threshold], mine = data.classes[selected];
    const count = { kin: 0, kinAccepted: 0, strangers: 0 };
    positions.forEach((at) => {
      const { group, box } = marks[at];
      const same = data.classes[at] === mine, accepted = row[at] <= most;
      let style = "fill:none;stroke:none";
      if (at === selected) style = "fill:none;stroke:var(--cw-good);stroke-width:4";
      else if (same) {
        count.kin++;
        if (accepted) count.kinAccepted++;
        style = accepted ? "fill:none;stroke:var(--cw-normal);stroke-width:2.5" : "fill:none;stroke:var(--cw-text);stroke-width:1.5;stroke-dasharray:3 3";
      } else if (accepted) {
        count.strangers++;
        style = "fill:none;stroke:var(--cw-disease);stroke-width:2.5";
      }
      box.style.cssText = style;
      group.style.opacity = at === selected || same || accepted ? 1 : 0.45;
    });
    map.append(marks[selected].group);
    chosen.show(selected, `Chosen: ${data.names[selected]}`);
    near.forEach(({ view, verdict }, rank) => {
      const at = data.neighbors[selected][rank], same = data.classes[at] === mine;
      view.show(at, `Neighbor ${rank + 1}: ${data.names[at]}, ${same ? "same" : "stranger"}`);
      verdict.textContent = `${number(row[at])} ${same ? "same" : "other"}`;
      verdict.className = row[at] > most ? "" : same ? "cw-normal-ink" : "cw-disease-ink";
    });
    said.textContent = `${data.names[selected]}: accepts ${count.kinAccepted} of ${count.kin} of its own kind and ${count.strangers} stranger${count.strangers === 1 ? "" : "s"}.`;
    rates.textContent = `All pairs of this map: ${percent(data.true_accept[threshold])} of the same accepted, ${percent(data.false_accept[threshold])} of the strangers.`;
  }
  draw();
  return {
    update(next) {
      ({ selected, threshold } = next);
      who.set(selected);
      limit.set(threshold);
      draw();
    },
  };
}
