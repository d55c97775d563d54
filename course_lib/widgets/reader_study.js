// Reader study explorer. Left, the study as it was drawn; right, the results of all studies so far.
import {
  button,
  chart,
  disc,
  fixed,
  grid,
  h,
  ink,
  s,
  spoken,
  straight,
  stripes,
  t,
  ticks,
} from "./kit.js";

export function mount({ data, state, set, slider, choice }) {
  const [a, b] = data.names.map((name) => t(name));
  const signed = (v) => `${v < 0 ? "−" : "+"}${fixed(Math.abs(v), 3)}`;
  const studies = data.means[0].map((_, at) => at + 1);
  const last = studies.length - 1;
  const so = (study) => t("{n} {n:study|studies}", { n: study + 1 });
  const more = button("Do the study again", {
    onclick: () => set({ study: Math.min(state.study + 1, last) }),
  });
  const controls = [
    choice("again", "Drawn again", data.again),
    slider("study", "Studies", studies, String),
    h("div", { class: "cw-buttons" }, more),
  ];
  const readers = h("div");
  const results = h("div");
  const table = grid(
    ["studies", "mean difference of areas"],
    [
      ["the study as it was", "original"],
      ["this study", "mean"],
      ["standard deviation of the studies", "spread"],
      ["standard error by the formula", "error"],
    ],
  );
  const said = spoken();

  const all = data.differences.flat(2).concat(data.original, 0);
  const domain = [Math.min(...all) - 0.01, Math.max(...all) + 0.01];

  // A dot for each time that a reader was drawn; a ring where the reader was in the real study.
  function drawReaders() {
    const { again, study } = state;
    const plot = chart(
      {
        domain: [0.3, data.original.length + 0.7],
        label: "reader",
        ticks: data.original.map((_, at) => [at + 1, `${at + 1}`]),
      },
      { domain, label: "difference of areas", ticks: ticks(domain) },
      t("Each reader's difference of areas in study {n}; rings: the study as it was", {
        n: study + 1,
      }),
    );
    const { svg, X, Y } = plot;
    const right = data.original.length + 0.7;
    const mean = data.means[again][study];
    svg.append(
      straight([0.3, 0], [right, 0], plot, { class: "cw-axis cw-fine" }),
      straight([0.3, mean], [right, mean], plot, { class: "cw-here" }),
      ...data.original.map((v, at) => disc(X(at + 1), Y(v), 6, { class: "cw-thin" })),
    );
    const drawn = data.drawn[again][study];
    const times = (who) => drawn.filter((other) => other === who).length;
    drawn.forEach((who, at) => {
      const place = at - drawn.indexOf(who) - (times(who) - 1) / 2;
      const v = data.differences[again][study][at];
      const kind = v > 0 ? "cw-normal" : "cw-disease cw-point";
      svg.append(disc(X(who + 1) + 7.5 * place, Y(v), 3.5, { class: kind }));
    });
    readers.replaceChildren(
      svg,
      h(
        "p",
        {},
        ink("normal", t("● {name} ahead ", { name: a })),
        ink("disease", t("◉ {name} ahead ", { name: b })),
        "○ before, — mean",
      ),
    );
  }

  function drawResults() {
    const { again, study } = state;
    const { edges } = data;
    const heights = edges.slice(1).map(() => 0);
    for (const bin of data.bins[again].slice(0, study + 1)) heights[bin] += 1;
    const most = Math.max(10, ...heights);
    const plot = chart(
      {
        domain: [edges[0], edges.at(-1)],
        label: "mean difference of areas",
        ticks: ticks([edges[0], edges.at(-1)]),
      },
      { domain: [0, most], label: "studies", ticks: ticks([0, most]) },
      t("Mean differences of {studies}", { studies: so(study) }),
    );
    const { svg, X, Y } = plot;
    const striped = stripes("normal");
    svg.append(striped.element);
    heights.forEach((height, at) => {
      const x = X(edges[at]) + 0.5;
      const width = X(edges[at + 1]) - X(edges[at]) - 1;
      const kind = edges[at] >= 0 ? { style: striped.fill } : { class: "cw-disease" };
      svg.append(s("rect", { x, width, y: Y(height), height: Y(0) - Y(height), ...kind }));
    });
    const mean = data.means[again][study];
    svg.append(
      straight([0, 0], [0, most], plot, { class: "cw-axis cw-dashed" }),
      straight([mean, 0], [mean, most], plot, { class: "cw-here" }),
    );
    results.replaceChildren(svg, h("p", {}, "│ this study, ┆ no difference"));
  }

  function draw() {
    const { again, study } = state;
    drawReaders();
    drawResults();
    more.disabled = study === last;
    const [spread, error] = [data.spread[again][study], data.errors[again]];
    const text = (v) => (v === null ? t("undefined") : fixed(v, 3));
    const drawn = data.drawn[again][study].map((who) => who + 1).join(", ");
    table.fill({
      original: signed(data.original_mean),
      mean: signed(data.means[again][study]),
      spread: text(spread),
      error: text(error),
    });
    const who = [
      "readers {drawn}",
      "the same readers, other cases",
      "readers {drawn}, other cases",
    ][again];
    said.textContent = t(
      "Study {n}: {who}; difference {difference}. So far {name} ahead in {ahead} of {studies}.",
      {
        n: study + 1,
        who: t(who, { drawn }),
        difference: signed(data.means[again][study]),
        name: a,
        ahead: data.ahead[again][study],
        studies: so(study),
      },
    );
  }
  return {
    controls,
    parts: [h("div", { class: "cw-row" }, readers, results), table, said],
    draw,
  };
}
