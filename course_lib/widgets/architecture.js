// Architecture explorer: the U of the paper's figure 1; the chosen step is explained below. With a
// trained network a box is one of its maps, and below stand the image, the answer and more maps.
import { grid, h, outline, percent, s, spoken, t, thousands, uniqueId, within } from "./kit.js";

export function mount({ data, state, set, slider, choice }) {
  const columns = 9;
  const cell = { width: 40, height: 48 };
  const widest = cell.width - 4;
  const colors = { join: "accent", pool: "disease", enlarge: "disease" };
  const network = () => data.networks[state.network];
  const last = () => network().steps.length - 1;
  const go = (step) => set({ network: state.network, step: within(step, 0, last()) });
  const change = (at) => {
    state.network = at;
    go(state.step);
  };
  // Maps are those of the last network: with its skips as trained, and with zeros in their place.
  const trained = data.networks.length - 1;
  const maps = () => (state.network === trained ? data.maps : undefined);
  const shown = (step) => maps().steps[state.skips][step];

  // Every tile of the sheets is defined once and shown by its name.
  const size = data.maps?.size ?? 1;
  const sheets = uniqueId("maps");
  const tiles = s("defs");
  data.maps?.sheets.forEach((href, level) => {
    const id = `${sheets}-${level}`;
    const side = size / 2 ** level;
    const count = data.maps.counts[level];
    const wide = data.maps.columns;
    const picture = { id, href, width: wide * side, height: Math.ceil(count / wide) * side };
    tiles.append(s("image", { ...picture, style: "image-rendering:pixelated" }));
    for (let n = 0; n < count; n++) {
      const viewBox = `${(n % wide) * side} ${Math.floor(n / wide) * side} ${side} ${side}`;
      tiles.append(s("symbol", { id: `${id}-${n}`, viewBox }, s("use", { href: `#${id}` })));
    }
  });
  const tile = (width, corner = {}) => {
    const use = s("use", { width, height: width, ...corner });
    use.show = (level, n) => use.setAttribute("href", `#${sheets}-${level}-${n}`);
    return use;
  };

  // The U: down on the left, up on the right, the lowest level between them.
  const drawing = s("svg", { role: "img", class: "cw-u" });
  let boxes = [];
  let skips = [];
  let built = null;

  function places() {
    const { steps, depth } = network();
    return steps.map((step, at) => {
      const [, level, side] = step;
      const row = steps.filter(([, l, d]) => l === level && d === side);
      let left = side === "down" ? level / 4 : columns - level / 4 - row.length;
      if (level === depth) left = (columns - row.length) / 2;
      const x = (left + row.indexOf(step) + 0.5) * cell.width;
      return { at, x, y: (level + 1) * cell.height - cell.width / 2 };
    });
  }

  function build() {
    built = state.network;
    const { steps, depth } = network();
    const middles = places();
    const largest = Math.log2(steps[0][4]);
    boxes = middles.map(({ at, x, y }) => {
      const [kind, , , channels, side] = steps[at];
      // As tall as a map and as wide as there are channels, both on a logarithmic scale.
      const tall = maps() ? widest : Math.max(5, widest * (Math.log2(side) / largest) ** 2);
      const wide = maps() ? widest : Math.max(4, (widest * Math.log2(channels)) / 10);
      const color = `var(--cw-${colors[kind] ?? "normal"})`;
      const sides = [x - wide / 2, y - tall / 2, x + wide / 2, y + tall / 2];
      const ground = outline(sides, { rx: 1, style: "fill:var(--cw-page)" });
      const box = outline(sides, { rx: 1, style: `fill:${color};stroke:${color}` });
      const picture = tile(widest, { x: x - widest / 2, y: y - widest / 2 });
      // All around the box answers a finger, too.
      const half = cell.width / 2;
      const around = outline([x - half, y - half, x + half, y + half], { fill: "transparent" });
      const parts = maps() ? [box, picture] : [ground, box];
      const attributes = { onclick: () => go(at), style: "cursor:pointer" };
      const group = s("g", attributes, ...parts, around);
      return { group, box, picture };
    });
    skips = steps.flatMap(([kind, level], at) => {
      if (kind !== "join") return [];
      const from = steps.findLastIndex(([k, l], n) => n < at && k === "convolve" && l === level);
      const [x1, x2] = [middles[from].x, middles[at].x];
      const y = middles[at].y - widest / 2;
      const d = `M${x1} ${y}C${x1 + 20} ${y - 9} ${x2 - 20} ${y - 9} ${x2} ${y}`;
      return [s("path", { d, class: "cw-skip" })];
    });
    const points = middles.map(({ x, y }) => `${x},${y}`).join(" ");
    const way = s("polyline", { points, class: "cw-thin" });
    drawing.setAttribute("viewBox", `0 0 ${columns * cell.width} ${(depth + 1) * cell.height}`);
    drawing.replaceChildren(tiles, way, ...skips, ...boxes.map(({ group }) => group));
  }

  // The image, the answer, and maps of the chosen step.
  const view = (...parts) => {
    const viewBox = `0 0 ${size} ${size}`;
    return s("svg", { viewBox, role: "img", class: "cw-picture" }, ...parts);
  };
  const image = tile(size);
  const fields = s("g");
  const original = view(image, fields);
  const answer = tile(size);
  const answered = view(answer);
  const four = Array.from({ length: 4 }, () => {
    const one = { map: tile(size), name: h("p") };
    one.view = view(one.map);
    one.figure = h("div", {}, one.view, one.name);
    return one;
  });
  const pictures = h(
    "div",
    { class: "cw-made" },
    h("div", {}, h("p", {}, "The image"), original),
    h("div", {}, h("p", {}, "The answer, P(cell)"), answered),
    h("div", { class: "cw-maps" }, ...four.map(({ figure }) => figure)),
  );
  const lesson = spoken();
  const legend = h("p");
  const said = spoken();
  const facts = grid(
    [],
    [
      ["channels × height × width", "shape"],
      ["parameters of this step", "parameters"],
      ["image pixels that one pixel depends on", "field"],
    ],
  );
  const skipChoice = data.maps
    ? [choice("skips", "Skip connections", ["as trained", "set to 0"])]
    : [];

  function drawMaps() {
    const { steps } = network();
    const { tile: at, changed } = maps().answers[state.skips];
    steps.forEach(([kind, level], step) => {
      boxes[step].picture.show(level, kind === "classify" ? at : shown(step).tiles[0]);
    });
    image.show(0, maps().steps[0][0].tiles[0]);
    answer.show(0, at);
    const [kind, level, , channels] = steps[state.step];
    const step = shown(state.step);
    four.forEach((one, n) => {
      const channel = step.channels[n];
      there(one.figure, channel !== undefined);
      if (channel === undefined) return;
      const from =
        channel < channels / 2
          ? "channel {channel}, over the skip"
          : "channel {channel}, from below";
      one.map.show(level, step.tiles[n]);
      const name = t(kind === "join" ? from : "channel {channel}", { channel });
      one.name.textContent = name;
      const about = t("Map after step {step}, {name}", { step: state.step, name });
      one.view.setAttribute("aria-label", about);
    });
    const { field, most } = step;
    const sides = (box) => `${box[2] - box[0]} × ${box[3] - box[1]}`;
    fields.replaceChildren();
    if (field)
      fields.append(outline(field, { class: "cw-right" }), outline(most, { class: "cw-truth" }));
    const reach = field
      ? t(
          "Blue: the {field} pixels that the unit in the middle of these maps depends on, by the " +
            "gradient. Dotted: 90% of the influence, from {most} pixels.",
          { field: sides(field), most: sides(most) },
        )
      : t("No pixel moves the unit in the middle of these maps: its rectifiers give 0.");
    const scale = t("Maps: those that vary most, on the scale of the trained network.");
    legend.textContent = `${scale} ${reach}`;
    original.setAttribute("aria-label", t("The image. {reach}", { reach }));
    answered.setAttribute(
      "aria-label",
      state.skips ? t("P(cell), skips set to 0") : t("P(cell), skips as trained"),
    );
    if (!state.skips) {
      lesson.textContent = t("Set the skip connections to 0, and watch the answer.");
      return;
    }
    const before = maps().steps[0][state.step].most;
    const wider = most && sides(before) !== sides(most);
    const brought = wider
      ? t(
          "Outlines are what the skips bring: 90% of what moves this step came from {before} " +
            "pixels, now it comes from {now}. ",
          { before: sides(before), now: sides(most) },
        )
      : t("Outlines are what the skips bring. ");
    lesson.textContent =
      t("Zeros cross the U, and {share} of the answer's pixels change sides. ", {
        share: percent(changed),
      }) +
      brought +
      t("(The network learned with its skips; one that learns without them finds other ways.)");
  }

  const there = (element, is) => {
    element.style.display = is ? "" : "none";
  };

  function draw() {
    const { step } = state;
    if (built !== state.network) build();
    const [kind, level, , channels, side, parameters, field] = network().steps[step];
    boxes.forEach(({ box }, at) => {
      box.style.fillOpacity = at === step ? 1 : 0.4;
      box.style.strokeWidth = at === step ? (maps() ? 7 : 3) : maps() ? 2 : 1;
    });
    for (const skip of skips) skip.style.opacity = state.skips && maps() ? 0.15 : 1;
    for (const element of [lesson, pictures, legend, ...skipChoice]) there(element, maps());
    if (maps()) drawMaps();
    const [name, why] = data.kinds[kind];
    const shape = `${channels} × ${side} × ${side}`;
    facts.fill({ shape, parameters: thousands(parameters), field: `${field} × ${field}` });
    const here = { step, last: last(), level, name: t(name), shape };
    said.replaceChildren(
      h("b", {}, t("Step {step} of {last}, level {level}: {name}. ", here)),
      t(why),
    );
    const label = "U-Net as boxes along a U; step {step} is marked: {name}, {shape}";
    drawing.setAttribute("aria-label", t(label, here));
  }
  const longest = Math.max(...data.networks.map(({ steps }) => steps.length));
  const numbers = Array.from({ length: longest }, (_, n) => n);
  return {
    controls: [
      choice(
        "network",
        "Network",
        data.networks.map(({ name }) => name),
        change,
      ),
      ...skipChoice,
      slider("step", "Step", numbers, (n) => t("{n} of {last}", { n, last: last() }), {
        choose: go,
        last,
      }),
    ],
    parts: [drawing, lesson, pictures, legend, said, facts],
    draw,
  };
}
