// Decoding explorer. Accuracy against noise for the chosen number of voxels, and who is mistaken
// for whom.
import {
  chart,
  disc,
  grid,
  h,
  ink,
  moveTo,
  percent,
  percentTicks,
  points,
  s,
  spoken,
  straight,
} from "./kit.js";

export function mount({ data, state, slider }) {
  const first = data.noises[0];
  const last = data.noises.at(-1);
  const plot = chart(
    { domain: [first, last], label: "noise / signal", ticks: [1, 4, 16, 64].map((n) => [n, n]) },
    { domain: [0, 1], label: "accuracy", ticks: percentTicks },
    "Accuracy against noise, with its interval and chance",
    { log: true },
  );
  const band = s("polygon", { class: "cw-normal", opacity: 0.2 });
  const curve = s("polyline", { class: "cw-solid" });
  const luck = s("polyline", { class: "cw-luck" });
  const point = disc(0, 0, 5, { class: "cw-normal cw-point" });
  plot.svg.append(
    straight([first, data.chance], [last, data.chance], plot, { class: "cw-axis cw-fine" }),
    s("text", { x: plot.X(first) + 4, y: plot.Y(data.chance) - 4 }, "chance"),
    ...[band, luck, curve, point],
  );

  const names = data.orientations.map((v) => `${v}°`);
  const matrix = grid(
    ["seen \\ read", ...names],
    names.map((seen) => [seen, ...names.map((read) => `${seen} ${read}`)]),
    "True orientation in rows, what was read in columns",
  );
  const legend = h(
    "p",
    {},
    ink("normal", "━ accuracy and its 95% interval"),
    "   ",
    ink("disease", "┅ what luck exceeds once in 20"),
  );
  const said = spoken();

  function draw() {
    const { noise: k, voxels: v } = state;
    const accuracy = data.accuracy[v][k];
    const low = data.low[v];
    const high = data.high[v];
    const there = [...data.noises, ...data.noises.toReversed()];
    band.setAttribute("points", points(there, [...high, ...low.toReversed()], plot));
    curve.setAttribute("points", points(data.noises, data.accuracy[v], plot));
    luck.setAttribute("points", points(data.noises, data.lucky[v], plot));
    moveTo(point, plot.X(data.noises[k]), plot.Y(accuracy));
    names.forEach((seen, r) => {
      names.forEach((read, c) => {
        const count = data.confusion[v][k][r][c];
        const cell = matrix.cells[`${seen} ${read}`];
        const strength = Math.round((45 * count * names.length) / data.cases);
        const color = `var(--cw-${r === c ? "normal" : "disease"}) ${strength}%`;
        cell.textContent = count;
        cell.style.background = `color-mix(in srgb, ${color}, transparent)`;
      });
    });
    const verdict =
      accuracy > data.lucky[v][k] ? "More than luck." : "Luck alone would do as well.";
    said.replaceChildren(
      h("b", { class: "cw-normal-ink" }, `Accuracy ${percent(accuracy)}`),
      ` of ${data.cases} gratings, 95% interval ${percent(low[k])} to ${percent(high[k])}; ` +
        `chance is ${percent(data.chance)}. ${verdict}`,
    );
  }
  return {
    controls: [
      slider("noise", "Noise", data.noises, (n) => `${n}× signal`),
      slider("voxels", "Voxels", data.voxels, String),
    ],
    parts: [legend, h("div", { class: "cw-row" }, plot.svg, h("div", {}, matrix)), said],
    draw,
  };
}
