// Depth explorer. Three charts' worth of numbers from Python, and a sheet of simulated pictures.
import {
  chart,
  counted,
  disc,
  h,
  moveTo,
  polyline,
  s,
  spoken,
  sprite,
  straight,
  t,
} from "./kit.js";

export function mount({ data, state, slider, choice }) {
  const names = ["One photon", "Two photons", "Three photons"];
  const colors = ["disease", "normal", "accent"].map((kind) => `var(--cw-${kind})`);
  const dashes = ["2 3", "7 3", ""];
  const deepest = data.depths.at(-1);
  const [lowest, highest] = data.range;
  const depth = (label) => {
    const ticks = [0, 500, 1000, 1500, 2000].map((z) => [z, z]);
    return { domain: [0, deepest], label, ticks };
  };
  const powers = ["10⁻⁶", "10⁻⁴", "10⁻²", "1", "10²", "10⁴"].map((text, n) => [2 * n - 6, text]);
  const light = (label) => ({ domain: [lowest, highest], label, ticks: powers });
  const profile = chart(
    depth("plane that shines (µm)"),
    light("light from it"),
    "Fluorescence of each plane, relative to the focus",
  );
  const ratio = chart(
    depth("depth of the focus (µm)"),
    light("signal / background"),
    "Signal over background against depth for one, two and three photons",
  );
  const style = (at) => `fill:none;stroke:${colors[at]};stroke-dasharray:${dashes[at]}`;
  const curves = names.map((_, at) =>
    polyline(data.depths, data.ratio[at], ratio, { style: style(at) }),
  );
  const point = disc(0, 0, 5, { class: "cw-point" });
  ratio.svg.append(straight([0, 0], [deepest, 0], ratio), ...curves, point);
  names.forEach((_, at) => {
    // Each curve is named where it is well above its end.
    const where = [1, 7, 13][at];
    const x = ratio.X(data.depths[where]) + 5;
    const y = ratio.Y(data.ratio[at][where]) - 6;
    ratio.svg.append(s("text", { x, y }, counted(at + 1, "photon")));
  });
  const shining = s("g");
  profile.svg.append(shining);

  const tiles = names.length * data.depths.length;
  const view = sprite(data.pictures, data.depths.length, tiles, 224, "Simulated picture");
  const said = spoken();

  function draw() {
    const { depth: k, order: n } = state;
    const z = data.depths[k];
    shining.replaceChildren(
      polyline(data.planes[k], data.profiles[n][k], profile, {
        style: `${style(n)};stroke-width:2`,
      }),
      straight([z, highest], [z, lowest], profile, { class: "cw-axis cw-fine" }),
    );
    moveTo(point, ratio.X(z), ratio.Y(data.ratio[n][k])).style.fill = colors[n];
    curves.forEach((curve, at) => {
      curve.style.strokeWidth = at === n ? 3.5 : 1.5;
    });
    const what = "Simulated picture: {photons}, {z} µm";
    view.show(n * data.depths.length + k, t(what, { photons: t(names[n]), z }));
    const { signal, energy, ratio: over } = data.said;
    const reach = data.within_reach[n][k]
      ? t("The laser can still make up for it.")
      : t("The laser can be turned up {n} times at most: the picture fades.", { n: data.turn_up });
    const limit = data.limits[n]
      ? t("In this tissue the background wins below {z} µm.", { z: data.limits[n] })
      : t("The background wins at every depth.");
    said.replaceChildren(
      h("b", {}, t("{photons} at {z} µm. ", { photons: t(names[n]), z })),
      t(
        "At constant power, {signal} of the signal is left; to hold it the laser must be " +
          "{energy} times stronger. {reach} Signal over background: {over}. {limit}",
        { signal: t(signal[n][k]), energy: t(energy[n][k]), reach, over: t(over[n][k]), limit },
      ),
    );
  }
  const note = "Simulated cells, the laser turned up as far as it goes.";
  const excitations = names.map((name, at) => `${t(name)}, ${data.wavelengths[at]} nm`);
  return {
    controls: [
      slider("depth", "Depth", data.depths, (z) => `${z} µm`),
      choice("order", "Excitation", excitations),
    ],
    parts: [
      h("div", { class: "cw-row" }, h("div", {}, view, h("p", {}, note)), ratio.svg),
      h("div", { class: "cw-row" }, profile.svg, said),
    ],
    draw,
  };
}
