// Architecture explorer: the boxes of the paper's figure 1; the chosen one is explained below.
function mount(host, data, state, changed) {
  let { network, step } = state;
  const steps = () => data.networks[network].steps;
  const choose = (next) => {
    step = Math.max(0, Math.min(next, steps().length - 1));
    draw();
    changed({ network, step });
  };
  const which = choice("Network", data.networks.map((one) => one.name), network, (at) => { network = at; build(); choose(step); });

  const width = 340, height = 210;
  const svg = s("svg", { viewBox: `0 0 ${width} ${height}`, role: "img" });
  let boxes = [];
  const back = button("◀ back", { onclick: () => choose(step - 1) });
  const on = button("next ▶", { onclick: () => choose(step + 1) });
  const walk = (event) => {
    const to = { ArrowRight: step + 1, ArrowLeft: step - 1, Home: 0, End: steps().length - 1 }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    choose(to);
  };
  for (const one of [back, on]) one.addEventListener("keydown", walk);
  const cells = {};
  const row = (name, key) => h("tr", {}, h("th", { scope: "row" }, name), (cells[key] = h("td", {})));
  const facts = h("table", {}, h("tbody", {},
    row("channels × height × width", "shape"), row("parameters of this step", "parameters"), row("image pixels that one pixel depends on", "field")));
  const said = h("p", { "aria-live": "polite", class: "cw-said" });
  frame(host, "Architecture explorer", which, svg, h("div", { class: "cw-choice" }, back, on), said, facts);

  // Boxes are as tall as their map and as wide as it has channels, both on a logarithmic scale.
  function build() {
    const shown = steps(), levels = data.networks[network].depth + 1, left = 10, right = width - 10;
    const largest = Math.log2(shown[0][4]), across = (right - left) / shown.length, down = (height - 20) / levels;
    boxes = shown.map(([kind, level, , channels, size], at) => {
      const tall = Math.max(6, (down - 8) * (Math.log2(size) / largest) ** 2);
      const wide = Math.min(across - 1.5, 2.5 + (across - 4) * Math.log2(channels) / 10);
      const x = left + at * across, bottom = 10 + (level + 1) * down - 6;
      const box = s("g", { onclick: () => choose(at), style: "cursor:pointer" },
        // All of the column answers a finger, not the thin box alone.
        s("rect", { x, y: 10 + level * down, width: across, height: down, fill: "transparent" }),
        s("rect", { x: x + (across - wide) / 2, y: bottom - tall, width: wide, height: tall, rx: 1, class: "cw-box" }));
      box.lastChild.style.cssText = `fill:var(${kind === "join" ? "--cw-accent" : kind === "pool" || kind === "enlarge" ? "--cw-disease" : "--cw-normal"});stroke:var(--cw-text)`;
      return box;
    });
    const bridges = shown.flatMap(([kind, level], at) => {
      if (kind !== "join") return [];
      const from = shown.findLastIndex(([k, l], i) => i < at && k === "convolve" && l === level);
      const y = 10 + (level + 1) * down - 3;
      return [s("line", { x1: left + (from + 0.5) * across, x2: left + (at + 0.5) * across, y1: y, y2: y, class: "cw-axis", "stroke-dasharray": "3 3" })];
    });
    svg.replaceChildren(...bridges, ...boxes);
  }

  function draw() {
    const [kind, level, , channels, size, parameters, field] = steps()[step];
    boxes.forEach((box, at) => {
      box.lastChild.style.fillOpacity = at === step ? 1 : 0.4;
      box.lastChild.style.strokeWidth = at === step ? 2 : 0.4;
    });
    const [name, why] = data.kinds[kind];
    cells.shape.textContent = `${channels} × ${size} × ${size}`;
    cells.parameters.textContent = parameters.toLocaleString("en");
    cells.field.textContent = `${field} × ${field}`;
    said.replaceChildren(h("b", {}, `Step ${step} of ${steps().length - 1}, level ${level}: ${name}. `), why);
    svg.setAttribute("aria-label", `U-Net as boxes along a U; step ${step} is marked: ${name}, ${channels} × ${size} × ${size}`);
    back.disabled = step === 0;
    on.disabled = step === steps().length - 1;
  }
  build();
  draw();
  return { update(next) { ({ network, step } = next); which.set(network); build(); draw(); } };
}
