// Embedding explorer. Squared distances are whole hundredths from Python; here they are compared
// with the threshold, and looked up.
import {
  counted,
  h,
  ink,
  outline,
  percent,
  pointer,
  s,
  smallest,
  spoken,
  sprite,
  t,
  uniqueId,
} from "./kit.js";

export function mount({ data, state, set, slider }) {
  const width = 480;
  const height = 360;
  const pad = 22;
  const size = 20;
  const tile = 32;
  const id = uniqueId("sheet");
  const number = (hundredths) => (hundredths / 100).toFixed(2);
  const pictures = data.names.map((_, at) => at);
  const X = data.x.map((v) => pad + v * (width - 2 * pad));
  const Y = data.y.map((v) => height - pad - v * (height - 2 * pad));

  const sheet = s("image", {
    id,
    href: data.pictures,
    width: data.columns * tile,
    height: Math.ceil(pictures.length / data.columns) * tile,
    preserveAspectRatio: "none",
  });
  const map = s(
    "svg",
    {
      viewBox: `0 0 ${width} ${height}`,
      role: "img",
      "aria-label": "Map of the pictures: a click chooses one",
      style: "cursor:pointer",
    },
    s("defs", {}, sheet),
    s("rect", { x: 0.5, y: 0.5, width: width - 1, height: height - 1, class: "cw-frame" }),
  );
  const marks = pictures.map((at) => {
    const [x, y] = [X[at] - size / 2, Y[at] - size / 2];
    const [left, top] = [(at % data.columns) * tile, Math.floor(at / data.columns) * tile];
    const viewBox = `${left} ${top} ${tile} ${tile}`;
    const window = s("svg", { x, y, width: size, height: size, viewBox });
    window.append(s("use", { href: `#${id}` }));
    const box = outline([x - 1, y - 1, x + size + 1, y + size + 1]);
    const group = s("g", { "data-picture": at }, window, box);
    map.append(group);
    return { group, box };
  });
  map.addEventListener("click", (event) => {
    const [x, y] = pointer(map, event);
    set({ selected: smallest(pictures.map((at) => Math.hypot(X[at] - x, Y[at] - y))) });
  });

  const chosen = sprite(data.pictures, data.columns, pictures.length, 72, "The chosen picture");
  const near = data.neighbors[0].map(() => {
    const view = sprite(data.pictures, data.columns, pictures.length, 56, "A neighbor");
    const verdict = h("span");
    return { view, verdict, figure: h("div", { class: "cw-neighbor" }, view, verdict) };
  });
  const legend = h(
    "p",
    {},
    h("span", { style: "color:var(--cw-good)" }, "▣ chosen"),
    "  ",
    ink("normal", "□ same, accepted"),
    "  ┄ same, rejected  ",
    ink("disease", "╍ stranger, accepted"),
  );
  const said = spoken();
  const rates = h("p", { class: "cw-rates" });

  function draw() {
    const { selected, threshold } = state;
    const row = data.distances[selected];
    const most = data.thresholds[threshold];
    const count = { kin: 0, "kin accepted": 0, "stranger accepted": 0 };
    const is = (at) => {
      if (at === selected) return "chosen";
      const kind = data.classes[at] === data.classes[selected] ? "kin" : "stranger";
      return row[at] <= most ? `${kind} accepted` : kind;
    };
    pictures.forEach((at) => {
      const { group, box } = marks[at];
      const kind = is(at);
      count[kind]++;
      box.setAttribute("class", `cw-mark cw-${kind.replace(" ", "-")}`);
      group.style.opacity = kind === "stranger" ? 0.45 : 1;
    });
    map.append(marks[selected].group);
    chosen.show(selected, t("Chosen: {name}", { name: data.names[selected] }));
    near.forEach(({ view, verdict }, rank) => {
      const at = data.neighbors[selected][rank];
      const same = data.classes[at] === data.classes[selected];
      const what = same ? "Neighbor {rank}: {name}, same" : "Neighbor {rank}: {name}, stranger";
      view.show(at, t(what, { rank: rank + 1, name: data.names[at] }));
      verdict.textContent = `${number(row[at])} ${t(same ? "same" : "other")}`;
      verdict.className = row[at] > most ? "" : `cw-${same ? "normal" : "disease"}-ink`;
    });
    const kin = count["kin accepted"];
    said.textContent = t("{name}: accepts {kin} of {all} of its own kind and {strangers}.", {
      name: data.names[selected],
      kin,
      all: kin + count.kin,
      strangers: counted(count["stranger accepted"], "stranger"),
    });
    rates.textContent = t(
      "All pairs of this map: {same} of the same accepted, {strangers} of the strangers.",
      {
        same: percent(data.true_accept[threshold]),
        strangers: percent(data.false_accept[threshold]),
      },
    );
  }
  const neighbors = h("div", { class: "cw-neighbors" }, ...near.map((each) => each.figure));
  return {
    controls: [
      slider("selected", "Picture", pictures, (at) => data.names[at]),
      slider("threshold", "Accept up to", data.thresholds, number),
    ],
    parts: [
      map,
      legend,
      h(
        "div",
        { class: "cw-beside" },
        h("div", {}, h("p", {}, "Chosen"), h("div", { style: "width:4.5rem" }, chosen)),
        h("div", { class: "cw-rest" }, h("p", {}, "Its nearest pictures"), neighbors),
      ),
      said,
      rates,
    ],
    draw,
  };
}
