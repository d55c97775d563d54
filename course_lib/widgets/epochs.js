// Epoch explorer: two sliders choose a tile of a sheet that Python has drawn, and its scores.
import { chart, disc, h, polyline, s, spoken, sprite, t } from "./kit.js";

export function mount({ data, state, slider, ghost }) {
  const { iterations } = data;
  const rules = [...data.thresholds, null];
  const [seed, edge] = data.grown;
  const rule = (one) => (one === null ? `${seed} → ${edge}` : `${one}`);
  const two = (v) => v.toFixed(2);
  const micrograph = sprite(data.image, 1, 1, 300, "The micrograph");
  const found = sprite(data.tiles, rules.length, data.scores.length, 300, "Cells found");
  for (const view of [micrograph, found]) {
    view.style.imageRendering = "pixelated";
    // Side by side on a phone too.
    view.style.flex = "1 1 9rem";
  }
  const said = spoken();
  // Dice and F1 of all iterations, at one position of the threshold.
  const courses = (at) =>
    [0, 1].map((score) => iterations.map((_, n) => data.scores[n * rules.length + at][score]));

  // Pixels are learned before cells are: Dice is as high as it gets, and F1 is not.
  const { threshold: start } = state;
  const [dice, f1] = courses(start);
  const early = dice.indexOf(Math.max(...dice));
  const ask = {
    text: t(
      "After {early} of {all} iterations the pixel Dice at a threshold of {rule} is as high as " +
        "it gets: {dice}. How high is the F1 of the cells then?",
      {
        early: iterations[early],
        all: iterations.at(-1),
        rule: rule(rules[start]),
        dice: two(dice[early]),
      },
    ),
    label: "My guess of F1",
    say: two,
    truth: f1[early],
    see: { iteration: early, threshold: start },
  };

  const ends = [0, Math.max(1, iterations.at(-1))];
  const plot = chart(
    { domain: ends, label: "training iterations", ticks: [...ends, iterations[early]].map(tick) },
    { domain: [0, 1], label: "score", ticks: [0, 0.5, 1].map(tick) },
    "Pixel Dice and F1 of cells against training iterations at this threshold",
  );
  const lines = s("g");
  plot.svg.append(lines);

  function draw() {
    const { iteration, threshold } = state;
    const at = iteration * rules.length + threshold;
    const [dice, f1, tp, fp, fn] = data.scores[at];
    const count = { n: iterations[iteration], tp, fn, fp };
    found.show(at, t("After {n} iterations: {tp} cells found, {fn} missed, {fp} wrong", count));
    const [pixels, cells] = courses(threshold);
    const x = plot.X(iterations[iteration]);
    lines.replaceChildren(
      polyline(iterations, pixels, plot, { class: "cw-solid" }),
      polyline(iterations, cells, plot, { class: "cw-luck" }),
      disc(x, plot.Y(dice), 5, { class: "cw-normal cw-point" }),
      disc(x, plot.Y(f1), 5, { class: "cw-disease cw-point" }),
      ...ghost(plot, (guess) => [iterations[early], guess]),
    );
    said.replaceChildren(
      rules[threshold] === null
        ? t("Seeds above {seed}, grown down to {edge}: ", { seed, edge })
        : t("Connected pixels above {threshold}: ", { threshold: rules[threshold] }),
      h("b", {}, t("pixel Dice {dice}, F1 of cells {f1}", { dice: two(dice), f1: two(f1) })),
      t(" ({tp} found, {fn} missed, {fp} merged or invented).", count),
    );
  }
  const legend =
    "White: outlines of the true cells. Blue: cells found. Orange: merged or invented.";
  return {
    controls: [
      slider("iteration", "Training iterations", iterations, String),
      slider("threshold", "Threshold on P(cell)", rules, rule),
    ],
    parts: [
      h("div", { class: "cw-row" }, micrograph, found),
      h("p", {}, legend),
      said,
      plot.svg,
      h("p", {}, "Solid: pixel Dice. Dashed: F1 of cells."),
    ],
    draw,
    ask,
  };
}

function tick(value) {
  return [value, `${value}`];
}
