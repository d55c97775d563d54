// Architecture explorer: the boxes of the paper's figure 1; the chosen one is explained below.
import { button, grid, h, onKeys, s, spoken, thousands, within } from "./kit.js";

export function mount({ data, state, set, choice }) {
  const width = 340;
  const height = 210;
  const colors = { join: "accent", pool: "disease", enlarge: "disease" };
  const network = () => data.networks[state.network];
  const last = () => network().steps.length - 1;
  const go = (step) => set({ network: state.network, step: within(step, 0, last()) });
  const change = (at) => {
    state.network = at;
    go(state.step);
  };

  const svg = s("svg", { viewBox: `0 0 ${width} ${height}`, role: "img" });
  let boxes = [];
  let built = null;
  const back = button("◀ back", { onclick: () => go(state.step - 1) });
  const on = button("next ▶", { onclick: () => go(state.step + 1) });
  for (const one of [back, on])
    onKeys(one, {
      ArrowLeft: () => go(state.step - 1),
      ArrowRight: () => go(state.step + 1),
      Home: () => go(0),
      End: () => go(last()),
    });
  const facts = grid(
    [],
    [
      ["channels × height × width", "shape"],
      ["parameters of this step", "parameters"],
      ["image pixels that one pixel depends on", "field"],
    ],
  );
  const said = spoken();

  // Boxes are as tall as their map and as wide as it has channels, both on a logarithmic scale.
  function build() {
    built = state.network;
    const shown = network().steps;
    const left = 10;
    const across = (width - 2 * left) / shown.length;
    const down = (height - 20) / (network().depth + 1);
    const largest = Math.log2(shown[0][4]);
    boxes = shown.map(([kind, level, , channels, size], at) => {
      const tall = Math.max(6, (down - 8) * (Math.log2(size) / largest) ** 2);
      const wide = Math.min(across - 1.5, 2.5 + ((across - 4) * Math.log2(channels)) / 10);
      const x = left + at * across;
      const y = 10 + level * down;
      // All of the column answers a finger, not the thin box alone.
      const column = s("rect", { x, y, width: across, height: down, fill: "transparent" });
      const box = s("rect", {
        x: x + (across - wide) / 2,
        y: y + down - 6 - tall,
        width: wide,
        height: tall,
        rx: 1,
        style: `fill:var(--cw-${colors[kind] ?? "normal"});stroke:var(--cw-text)`,
      });
      return s("g", { onclick: () => go(at), style: "cursor:pointer" }, column, box);
    });
    const bridges = shown.flatMap(([kind, level], at) => {
      if (kind !== "join") return [];
      const from = shown.findLastIndex(([k, l], i) => i < at && k === "convolve" && l === level);
      const y = 10 + (level + 1) * down - 3;
      const [x1, x2] = [from, at].map((n) => left + (n + 0.5) * across);
      return [s("line", { x1, x2, y1: y, y2: y, class: "cw-axis cw-dotted" })];
    });
    svg.replaceChildren(...bridges, ...boxes);
  }

  function draw() {
    const { step } = state;
    if (built !== state.network) build();
    const [kind, level, , channels, size, parameters, field] = network().steps[step];
    boxes.forEach((box, at) => {
      box.lastChild.style.fillOpacity = at === step ? 1 : 0.4;
      box.lastChild.style.strokeWidth = at === step ? 2 : 0.4;
    });
    const [name, why] = data.kinds[kind];
    const shape = `${channels} × ${size} × ${size}`;
    facts.fill({ shape, parameters: thousands(parameters), field: `${field} × ${field}` });
    const where = `Step ${step} of ${last()}, level ${level}: ${name}. `;
    said.replaceChildren(h("b", {}, where), why);
    const label = `U-Net as boxes along a U; step ${step} is marked: ${name}, ${shape}`;
    svg.setAttribute("aria-label", label);
    back.disabled = step === 0;
    on.disabled = step === last();
  }
  const names = data.networks.map((one) => one.name);
  return {
    controls: [
      choice("network", "Network", names, change),
      h("div", { class: "cw-buttons" }, back, on),
    ],
    parts: [svg, said, facts],
    draw,
  };
}
