// Decoding explorer. What was seen and what was read, accuracy against noise for the chosen number
// of voxels, and who is mistaken for whom.
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
  t,
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
  const shown = data.cases / names.length;
  // Stripes of one orientation in a round patch; 0° is upright.
  const stripes = (orientation) => {
    const d = [-18, -9, 0, 9, 18].map(
      (x) => `M${x} ${-Math.sqrt(576 - x * x)}V${Math.sqrt(576 - x * x)}`,
    );
    return s("path", { d: d.join(""), transform: `rotate(${-orientation})`, class: "cw-grating" });
  };
  const patch = (column, y, ...parts) => {
    const attributes = { transform: `translate(${75 + 66 * column} ${y})` };
    return s("g", attributes, disc(0, 0, 26, { class: "cw-frame" }), ...parts);
  };
  const readings = names.map(() => data.orientations.map(stripes));
  const rights = names.map((_, r) =>
    s("text", { x: 75 + 66 * r, y: 128, "text-anchor": "middle" }),
  );
  const gratings = s(
    "svg",
    { viewBox: "0 0 310 132", role: "img", class: "cw-chart" },
    s("text", { x: 2, y: 34 }, "seen"),
    s("text", { x: 2, y: 92 }, "read"),
    ...data.orientations.map((orientation, n) => patch(n, 30, stripes(orientation))),
    ...readings.map((read, n) => patch(n, 88, ...read)),
    ...rights,
  );
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
      rights[r].textContent = t("{right} of {shown}", { right: data.confusion[v][k][r][r], shown });
      names.forEach((read, c) => {
        const count = data.confusion[v][k][r][c];
        readings[r][c].style.opacity = count / shown;
        const cell = matrix.cells[`${seen} ${read}`];
        const strength = Math.round((45 * count * names.length) / data.cases);
        const color = `var(--cw-${r === c ? "normal" : "disease"}) ${strength}%`;
        cell.textContent = count;
        cell.style.background = `color-mix(in srgb, ${color}, transparent)`;
      });
    });
    const right = names.map((seen, r) => `${seen} ${rights[r].textContent}`).join(", ");
    const about = t("Gratings seen and read; read rightly: {right}", { right });
    gratings.setAttribute("aria-label", about);
    const other = v === 0 ? data.voxels.length - 1 : 0;
    const compared = t("{n} voxels with the same noise: {share}.", {
      n: data.voxels[other],
      share: percent(data.accuracy[other][k]),
    });
    const verdict =
      accuracy > data.lucky[v][k] ? t("More than luck.") : t("Luck alone would do as well.");
    said.replaceChildren(
      h("b", { class: "cw-normal-ink" }, t("Accuracy {share}", { share: percent(accuracy) })),
      t(
        " of {n} gratings, 95% interval {low} to {high}; chance is {chance}. {verdict} {compared}",
        {
          n: data.cases,
          low: percent(low[k]),
          high: percent(high[k]),
          chance: percent(data.chance),
          verdict,
          compared,
        },
      ),
    );
  }
  return {
    controls: [
      slider("noise", "Noise", data.noises, (n) => t("{n}× signal", { n })),
      slider("voxels", "Voxels", data.voxels, String),
    ],
    parts: [
      h(
        "p",
        {},
        t("Below each grating, all {n} answers to it on top of each other.", { n: shown }),
      ),
      gratings,
      said,
      legend,
      h("div", { class: "cw-row" }, plot.svg, h("div", {}, matrix)),
    ],
    draw,
  };
}
