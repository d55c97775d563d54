// Prevalence explorer. Color tells the truth (disease, normal); filled means that the test says
// positive.
import {
  chart,
  disc,
  grid,
  h,
  ink,
  percent,
  percentTicks,
  polyline,
  s,
  spoken,
  stripes,
  t,
  thousands,
} from "./kit.js";

export function mount({ data, state, slider, ghost }) {
  // 1,000 squares as four paths, so that a change redraws four elements and not a thousand.
  const squares = 1000;
  const columns = 50;
  const step = 10;
  const side = 7;
  const people = thousands(data.people);
  const each = data.people / squares;
  const viewBox = `-1 -1 ${columns * step + 2} ${(squares / columns) * step + 2}`;
  const icons = s("svg", { viewBox, role: "img" });
  const kinds = { tp: "cw-disease", fn: "cw-missed", fp: "cw-normal", tn: "cw-cleared" };
  const striped = stripes("normal");
  icons.append(striped.element);
  const paths = {};
  for (const [name, kind] of Object.entries(kinds)) {
    paths[name] = s("path", { class: kind });
    icons.append(paths[name]);
  }
  paths.fp.setAttribute("style", striped.fill);
  // The squares from one place in the row of people to another; the ends may cut a square.
  const drawn = (from, to) => {
    let d = "";
    for (let n = Math.floor(from); n < to; n++) {
      const [left, right] = [Math.max(from, n) - n, Math.min(to, n + 1) - n];
      const x = (n % columns) * step + 1.5 + left * side;
      const y = Math.floor(n / columns) * step + 1.5;
      const wide = (right - left) * side;
      d += `M${+x.toFixed(3)} ${y}h${+wide.toFixed(3)}v${side}h${-wide.toFixed(3)}z`;
    }
    return d;
  };
  const legend = h(
    "p",
    {},
    ink("disease", "■ ill, positive  □ ill, missed   "),
    ink("normal", "▨ normal, false alarm  □ normal, cleared"),
    t("   A square is {n} people.", { n: thousands(each) }),
  );
  const table = grid(
    [t("of {n}", { n: people }), "disease", "normal"],
    [
      ["positive", "tp", "fp"],
      ["negative", "fn", "tn"],
    ],
  );
  const ends = [data.prevalences[0], data.prevalences.at(-1)];
  const ticks = [0.001, 0.01, 0.1, 0.5].map((p) => [p, percent(p)]);
  const plot = chart(
    { domain: ends, label: "prevalence", ticks },
    { domain: [0, 1], label: "predictive value", ticks: percentTicks },
    "PPV and NPV against prevalence, with the current point",
    { log: true },
  );
  const lines = s("g");
  plot.svg.append(lines);
  const said = spoken();
  // That a test finds more of the ill is no help where hardly anybody is.
  const { sensitivity: now, specificity, prevalence } = state;
  const best = data.sensitivities.length - 1;
  const share = data.prevalences[prevalence];
  const ask = {
    text: t(
      "Where {share} are ill, a test of sensitivity {sensitivity} and specificity " +
        "{specificity} has a PPV of {ppv}. It is made better and misses nobody: " +
        "sensitivity 100%. What is its PPV then?",
      {
        share: percent(share),
        sensitivity: percent(data.sensitivities[now]),
        specificity: percent(data.specificities[specificity]),
        ppv: percent(data.ppv[now][specificity][prevalence]),
      },
    ),
    label: "My guess of the PPV",
    say: percent,
    truth: data.ppv[best][specificity][prevalence],
    see: { sensitivity: best, specificity, prevalence },
  };

  function draw() {
    const { sensitivity: i, specificity: j, prevalence: k } = state;
    const ill = data.ill[k];
    const tp = data.tp[i][k];
    const fp = data.fp[j][k];
    const counts = { tp, fn: ill - tp, fp, tn: data.people - ill - fp };
    let from = 0;
    for (const [name, count] of Object.entries(counts)) {
      paths[name].setAttribute("d", drawn(from / each, (from + count) / each));
      from += count;
    }
    const texts = Object.fromEntries(Object.entries(counts).map(([n, c]) => [n, thousands(c)]));
    table.fill(texts);
    icons.setAttribute(
      "aria-label",
      t("{n} people: {tp} true positive, {fn} missed, {fp} false alarms, {tn} cleared", {
        n: people,
        ...texts,
      }),
    );
    const ppv = data.ppv[i][j];
    const npv = data.npv[i][j];
    const x = plot.X(data.prevalences[k]);
    lines.replaceChildren(
      polyline(data.prevalences, ppv, plot, { class: "cw-disease-line" }),
      polyline(data.prevalences, npv, plot, { class: "cw-normal-line" }),
      disc(x, plot.Y(ppv[k]), 5, { class: "cw-disease cw-point" }),
      disc(x, plot.Y(npv[k]), 5, { class: "cw-normal cw-point" }),
      ...ghost(plot, (guess) => [share, guess]),
    );
    said.replaceChildren(
      h("b", { class: "cw-disease-ink" }, `PPV ${percent(ppv[k])}`),
      t(" (solid): of {n} positive results, {tp} are right. ", {
        n: thousands(tp + fp),
        tp: texts.tp,
      }),
      h("b", { class: "cw-normal-ink" }, `NPV ${percent(npv[k])}`),
      t(" (dashed): of {n} negative results, {tn} are right.", {
        n: thousands(counts.fn + counts.tn),
        tn: texts.tn,
      }),
    );
  }
  return {
    controls: [
      slider("sensitivity", "Sensitivity", data.sensitivities, percent),
      slider("specificity", "Specificity", data.specificities, percent),
      slider("prevalence", "Prevalence", data.prevalences, percent),
    ],
    parts: [icons, legend, h("div", { class: "cw-row" }, plot.svg, h("div", {}, table, said))],
    draw,
    ask: now < best ? ask : null,
  };
}
