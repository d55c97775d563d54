// Attribution explorer. The maps' tiles lie in one sheet, method by method, class by class.
function mount(host, data, state, changed) {
  let { method, target, cover } = state;
  const methods = choice("Method", data.methods, method, (v) => { method = v; draw(); changed({ method }); });
  const classes = choice("Explain", data.classes, target, (v) => { target = v; draw(); changed({ target }); });
  const covers = slider("Map covers", data.covers, cover, (v) => `${v}%`, (v) => { cover = v; draw(); changed({ cover }); });
  const photo = sprite(data.image, 1, 1, 448, "Picture");
  const map = sprite(data.tiles, data.columns, data.methods.length * data.classes.length, 448, "Map");
  for (const view of [photo, map]) view.style.cssText += `;grid-area:1/1;aspect-ratio:${data.aspect}`;
  const said = h("p", { "aria-live": "polite", class: "cw-said" });
  frame(host, "Attribution explorer", h("div", { class: "cw-row" }, methods, classes), covers,
    h("div", { style: "display:grid" }, photo, map), said);

  function draw() {
    const at = method * data.classes.length + target, share = data.shares[at];
    map.style.opacity = data.covers[cover] / 100;
    const what = `${data.methods[method]}: why ${data.classes[target]}?`;
    map.show(at, what);
    said.textContent = share === null ? what : `${what} ${percent(share)} of the map lies in ${data.region}.`;
  }
  draw();
  return {
    update(next) {
      ({ method, target, cover } = next);
      methods.set(method);
      classes.set(target);
      covers.set(cover);
      draw();
    },
  };
}
