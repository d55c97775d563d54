// Threshold explorer. Diseased cases stand above the axis, normal ones hang below it; who lies
// right of the threshold is called positive. Numbers are looked up by the threshold's position.
import {
  button,
  chart,
  counted,
  disc,
  dress,
  grid,
  h,
  ink,
  moveTo,
  onDrag,
  percent,
  percentTicks,
  pointer,
  polyline,
  s,
  smallest,
  spoken,
  straight,
  stripes,
  t,
  thousands,
  ticks,
} from "./kit.js";

export function mount({ data, state, set, slider, ghost }) {
  const { thresholds } = data;
  const first = thresholds[0];
  const end = thresholds.at(-1);
  const number = (v) => String(+v.toFixed(6));
  const cheapest = () => data.best[state.cost];

  const up = Math.max(...data.disease_bins);
  const down = Math.max(...data.normal_bins);
  const bars = chart(
    {
      domain: [first, end],
      label: data.score,
      ticks: ticks([first, end]),
    },
    {
      domain: [-down, up],
      label: "patients",
      ticks: ticks([-down, up], Math.abs, { most: 8, least: 1 }),
    },
    "Scores of the patients with the threshold",
  );
  const { svg, X, Y } = bars;
  const striped = stripes("normal");
  svg.append(striped.element);
  data.edges.slice(0, -1).forEach((edge, b) => {
    const x = X(edge) + 0.5;
    const width = X(data.edges[b + 1]) - X(edge) - 1;
    const above = Y(data.disease_bins[b]);
    const below = Y(-data.normal_bins[b]);
    svg.append(
      s("rect", { x, width, y: above, height: Y(0) - above, class: "cw-disease" }),
      s("rect", { x, width, y: Y(0), height: below - Y(0), style: striped.fill }),
    );
  });
  // What the test calls negative fades.
  const veil = s("rect", { x: X(first), y: Y(up), height: Y(-down) - Y(up), class: "cw-veil" });
  const across = { y1: Y(up), y2: Y(-down) };
  const mark = s("line", { ...across, class: "cw-cheapest" });
  const line = s("line", { ...across, class: "cw-here" });
  const grip = disc(0, Y(0), 7, { class: "cw-point cw-handle" });
  svg.append(straight([first, 0], [end, 0], bars), veil, mark, line, grip);
  svg.classList.add("cw-drag");
  onDrag(svg, (event) => {
    const [x] = pointer(svg, event);
    set({ threshold: smallest(thresholds.map((t) => Math.abs(X(t) - x))) });
  });

  const rate = (label) => ({ domain: [0, 1], label, ticks: percentTicks });
  const roc = chart(
    rate("1 − specificity"),
    rate("sensitivity"),
    "ROC curve with the current point",
  );
  const pr = chart(
    rate("recall (sensitivity)"),
    rate("precision (PPV)"),
    "Precision–recall curve with the current point",
  );
  const chance = { class: "cw-axis cw-fine" };
  const known = thresholds.map((_, at) => at).filter((at) => data.precision[at] !== null);
  const [recall, precision] = [data.tpr, data.precision].map((all) => known.map((at) => all[at]));
  roc.svg.append(
    straight([0, 0], [1, 1], roc, chance),
    polyline(data.fpr, data.tpr, roc, { class: "cw-curve" }),
  );
  pr.svg.append(
    straight([0, data.prevalence], [1, data.prevalence], pr, chance),
    polyline(recall, precision, pr, { class: "cw-curve" }),
  );
  for (const curve of [roc, pr]) {
    curve.mark = disc(0, 0, 7, { class: "cw-best" });
    curve.point = disc(0, 0, 5, { class: "cw-disease cw-point" });
    curve.svg.append(curve.mark, curve.point);
  }
  const guessed = s("g");
  roc.svg.append(guessed);
  const place = (circle, plot, x, y) => {
    circle.style.display = y === null ? "none" : "";
    if (y !== null) moveTo(circle, plot.X(x), plot.Y(y));
  };

  const matrix = grid(
    ["score", "disease", "normal"],
    [
      ["≥ threshold", "tp", "fp"],
      ["< threshold", "fn", "tn"],
    ],
  );
  const said = spoken();
  const price = h("p", { class: "cw-price" });
  // The last of the ill are dear.
  const low = data.tpr.lastIndexOf(1);
  const { threshold: start } = state;
  const ask = {
    text: t(
      "At a threshold of {threshold} sensitivity is {tpr} and specificity {tnr}. The threshold " +
        "is lowered until nobody is missed: sensitivity 100%. What specificity is left?",
      {
        threshold: number(thresholds[start]),
        tpr: percent(data.tpr[start]),
        tnr: percent(data.tnr[start]),
      },
    ),
    label: "My guess of the specificity",
    say: percent,
    truth: data.tnr[low],
    see: { threshold: low },
  };

  function draw() {
    const { threshold: i, cost: c } = state;
    const best = cheapest();
    const [tp, fp] = [data.tp[i], data.fp[i]];
    matrix.fill({ tp, fp, fn: data.disease - tp, tn: data.normal - fp });
    const x = X(thresholds[i]);
    const x1 = X(thresholds[best]);
    veil.setAttribute("width", Math.max(0, x - X(first)));
    dress(line, { x1: x, x2: x });
    dress(mark, { x1, x2: x1 });
    grip.setAttribute("cx", x);
    place(roc.point, roc, data.fpr[i], data.tpr[i]);
    place(pr.point, pr, data.tpr[i], data.precision[i]);
    place(roc.mark, roc, data.fpr[best], data.tpr[best]);
    place(pr.mark, pr, data.tpr[best], data.precision[best]);
    guessed.replaceChildren(...ghost(roc, (guess) => [1 - guess, 1]));
    const ppv = data.precision[i] === null ? t("undefined") : percent(data.precision[i]);
    const [tpr, tnr] = [data.tpr[i], data.tnr[i]].map(percent);
    said.textContent = t("Sensitivity {tpr}, specificity {tnr}, PPV {ppv}.", { tpr, tnr, ppv });
    const [here, least] = [i, best].map((at) => thousands(data.per_1000[c][at]));
    price.textContent = t(
      "Errors cost {here} alarms per 1,000 patients; the least is {least}, at {threshold}.",
      {
        here,
        least,
        threshold: number(thresholds[best]),
      },
    );
  }
  const jump = () => set({ threshold: cheapest() });
  const legend = h(
    "p",
    {},
    ink("disease", "■ disease (up)"),
    "  ",
    ink("normal", "▨ normal (down)"),
    "  faded: called negative  ┊ and ○: cheapest",
  );
  return {
    controls: [
      slider("threshold", "Threshold", thresholds, number),
      slider("cost", "One miss costs", data.costs, (v) => counted(v, "alarm")),
    ],
    parts: [
      h("div", {}, button("Move to the cheapest threshold", { onclick: jump })),
      legend,
      h("div", { class: "cw-row" }, svg, h("div", {}, matrix, said, price)),
      h("div", { class: "cw-row" }, roc.svg, pr.svg),
    ],
    draw,
    ask: start > low ? ask : null,
  };
}
