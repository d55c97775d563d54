// Consensus explorer. The quorum is a threshold on the number of positive votes.
import {
  chart,
  disc,
  fixed,
  grid,
  h,
  ink,
  percentTicks,
  polyline,
  s,
  scrolling,
  spoken,
  straight,
  stripes,
  t,
  thousands,
} from "./kit.js";

export function mount({ data, state, set, slider, ghost }) {
  const two = (v) => fixed(v, 2);
  // Nearly certain is not certain.
  const rate = (v) => (v >= 0.995 ? "> 0.99" : v < 0.005 ? "< 0.01" : two(v));
  const most = data.panels.at(-1);
  const quorums = Array.from({ length: most }, (_, n) => n + 1);
  const panel = () => data.panels[state.readers];
  // Another number of readers starts with more than half of them as quorum.
  const resize = (at) => set({ readers: at, quorum: Math.floor(data.panels[at] / 2) });
  const controls = [
    slider("readers", "Readers", data.panels, String, { choose: resize }),
    slider("quorum", "Quorum", quorums, (v) => t("{n} of {all}", { n: v, all: panel() }), {
      last: () => panel() - 1,
    }),
    slider("sensitivity", "Sensitivity", data.rates, two),
    slider("specificity", "Specificity", data.rates, two),
    slider("correlation", "Correlation", data.correlations, (v) => v.toFixed(1)),
  ];
  const votes = h("div");
  const plane = h("div");
  const table = grid(
    [
      ...["decided by", "sensitivity", "specificity"],
      t("missed of {n}", { n: data.ill }),
      t("false alarms of {n}", { n: data.normal }),
      t("wrong of {n}", { n: thousands(data.patients) }),
    ],
    ["one", "panel"].map((who) => [
      who === "one" ? "one reader" : "the panel",
      ...["found", "cleared", "missed", "alarms", "wrong"].map((what) => `${who} ${what}`),
    ]),
  );
  const said = spoken();
  // Nine who make the same mistakes are one.
  const { sensitivity, specificity } = state;
  const all = data.panels.length - 1;
  const half = Math.floor(most / 2);
  const alike = data.correlations.length - 1;
  const found = data.sensitivity.map((of) => of[sensitivity][all][half]);
  const cleared = data.specificity[alike][specificity][all][half];
  const ask = {
    text: t(
      "One reader finds {one} of the ill; {n} who err independently find {all} by majority. " +
        "Now all {n} learned from one teacher and fall for the same films: their errors " +
        "correlate with {correlation}. What is the majority's sensitivity?",
      {
        one: two(data.rates[sensitivity]),
        n: most,
        all: rate(found[0]),
        correlation: data.correlations[alike],
      },
    ),
    label: "My guess of the sensitivity",
    say: rate,
    truth: found[alike],
    see: { readers: all, quorum: half, sensitivity, specificity, correlation: alike },
  };

  // How many positive votes patients get; the dashed line is the quorum.
  function drawVotes() {
    const { readers: n, sensitivity: i, specificity: j, quorum: k, correlation: c } = state;
    const ill = data.votes_ill[c][i][n];
    const normal = data.votes_normal[c][j][n];
    const plot = chart(
      {
        domain: [-0.6, panel() + 0.6],
        label: "positive votes",
        ticks: ill.map((_, x) => [x, `${x}`]),
      },
      { domain: [0, 1], label: "share of patients", ticks: percentTicks },
      t("Positive votes on the ill and on the normal; a patient with {n} or more is called ill", {
        n: k + 1,
      }),
    );
    const striped = stripes("normal");
    plot.svg.append(striped.element);
    const bar = (share, at, attributes) =>
      s("rect", {
        x: plot.X(at),
        width: plot.X(0.34) - plot.X(0),
        y: plot.Y(share),
        height: plot.Y(0) - plot.Y(share),
        ...attributes,
      });
    ill.forEach((share, x) => {
      const cleared = bar(normal[x], x - 0.36, { style: striped.fill });
      plot.svg.append(cleared, bar(share, x + 0.02, { class: "cw-disease" }));
    });
    plot.svg.append(straight([k + 0.5, 0], [k + 0.5, 1], plot, { class: "cw-axis cw-dashed" }));
    votes.replaceChildren(
      plot.svg,
      h("p", {}, ink("normal", "▨ normal "), ink("disease", "■ ill "), "┆ quorum"),
    );
  }

  // Every quorum of the panel as a point between the two kinds of error.
  function drawPlane() {
    const { readers: n, sensitivity: i, specificity: j, quorum: k, correlation: c } = state;
    const found = data.sensitivity[c][i][n];
    const alarms = data.specificity[c][j][n].map((v) => 1 - v);
    const plot = chart(
      { domain: [0, 1], label: "1 − specificity", ticks: percentTicks },
      { domain: [0, 1], label: "sensitivity", ticks: percentTicks },
      "The panel at every quorum, and one reader, as points of sensitivity against " +
        "1 minus specificity",
    );
    const x = plot.X(1 - data.rates[j]);
    const y = plot.Y(data.rates[i]);
    plot.svg.append(
      polyline([1, ...alarms, 0], [1, ...found, 0], plot, { class: "cw-thin" }),
      ...alarms.map((v, n) => disc(plot.X(v), plot.Y(found[n]), 3, { fill: "var(--cw-line)" })),
      s("path", { d: `M${x - 5} ${y}h10M${x} ${y - 5}v10`, class: "cw-cross" }),
      disc(plot.X(alarms[k]), plot.Y(found[k]), 6, { class: "cw-accent cw-point" }),
      ...ghost(plot, (guess) => [1 - cleared, guess]),
    );
    const dot = h("span", { class: "cw-accent-ink", "aria-hidden": "true" }, "● ");
    const rest = "panel at this quorum, • at others, + one reader";
    plane.replaceChildren(plot.svg, h("p", {}, dot, rest));
  }

  function draw() {
    const { readers: n, sensitivity: i, specificity: j, quorum: k, correlation: c } = state;
    drawVotes();
    drawPlane();
    const alone = [data.missed[c][i][0][0], data.alarms[c][j][0][0]];
    const together = [data.missed[c][i][n][k], data.alarms[c][j][n][k]];
    const wrong = together[0] + together[1];
    // The rates of the patients who are counted beside them
    const found = rate((data.ill - together[0]) / data.ill);
    const cleared = rate((data.normal - together[1]) / data.normal);
    table.fill({
      "one found": two(data.rates[i]),
      "one cleared": two(data.rates[j]),
      "one missed": alone[0],
      "one alarms": alone[1],
      "one wrong": alone[0] + alone[1],
      "panel found": found,
      "panel cleared": cleared,
      "panel missed": together[0],
      "panel alarms": together[1],
      "panel wrong": wrong,
    });
    const share = Math.round((100 * data.ill) / data.patients);
    said.textContent = t(
      "Quorum {k} of {all}: sensitivity {found}, specificity {cleared}. Where {share}% are ill " +
        "the panel is wrong about {wrong} of {patients} patients, one reader about {alone}. " +
        "Two readers agree with kappa {kappa}.",
      {
        k: k + 1,
        all: panel(),
        found,
        cleared,
        share,
        wrong,
        patients: thousands(data.patients),
        alone: alone[0] + alone[1],
        kappa: two(data.kappa[c][i][j]),
      },
    );
  }
  return {
    controls,
    parts: [
      h("div", { class: "cw-row" }, votes, plane),
      scrolling("Rates of one reader and of the panel", table),
      said,
    ],
    draw,
    ask,
  };
}
