// Shift explorer. Left the calibration of a crowd that the sliders mix, right its counts.
import {
  chart,
  disc,
  fixed,
  grid,
  h,
  percent,
  percentTicks,
  polyline,
  s,
  spoken,
  straight,
  t,
} from "./kit.js";

export function mount({ data, state, slider, choice }) {
  const [was, other] = data.names.map((name) => t(name));
  const plot = chart(
    { domain: [0, 1], label: "predicted risk", ticks: percentTicks },
    { domain: [0, 1], label: "observed share of disease", ticks: percentTicks },
    "Observed share of disease against predicted risk",
    { height: 260 },
  );
  const lines = s("g");
  plot.svg.append(straight([0, 0], [1, 1], plot, { class: "cw-axis cw-fine" }), lines);
  const table = grid(
    [t("of {n}", { n: data.per }), "patients"],
    [
      ["ill", "ill"],
      ["foretold", "foretold"],
      ["observed / expected", "ratio"],
      ["AUC", "auc"],
    ],
  );
  const said = spoken();

  function draw() {
    const { prevalence, share, repair } = state;
    const own = data.crowds[prevalence][share][repair];
    lines.replaceChildren(
      polyline(own.predicted, own.observed, plot, { class: "cw-curve" }),
      ...own.predicted.map((x, at) =>
        disc(plot.X(x), plot.Y(own.observed[at]), 5, { class: "cw-disease cw-point" }),
      ),
    );
    table.fill({
      ill: fixed(own.ill, 0),
      foretold: fixed(own.foretold, 0),
      ratio: fixed(own.ratio, 2),
      auc: fixed(data.auc[share], 3),
    });
    said.textContent = t(
      "{ill} of {n} are ill, {share} of them {other}, the others {was}. The risks, {repair}, " +
        "foretell {foretold}: observed over expected is {ratio}.",
      {
        ill: fixed(own.ill, 0),
        n: data.per,
        share: percent(data.shares[share]),
        other,
        was,
        repair: t(data.repairs[repair]),
        foretold: fixed(own.foretold, 0),
        ratio: fixed(own.ratio, 2),
      },
    );
  }
  return {
    controls: [
      slider("prevalence", "Prevalence", data.prevalences, percent),
      slider("share", t("Of the ill, {other}", { other }), data.shares, percent),
      choice("repair", "Risks", data.repairs),
    ],
    parts: [h("div", { class: "cw-row" }, plot.svg, h("div", {}, table, said))],
    draw,
  };
}
