// Learning-rate explorer. Left the valley of the loss with the walk of the weights, right the loss
// at each step; the sliders choose one of the walks that Python took.
import { chart, disc, h, ink, polyline, s, spoken, t, ticks } from "./kit.js";

export function mount({ data, state, slider, choice }) {
  const [across, up] = data.window;
  const axis = (n) => {
    const domain = data.window[n];
    const label = t("weight of {feature}", { feature: t(data.features[n]) });
    return { domain, label, ticks: ticks(domain) };
  };
  const valley = chart(
    axis(0),
    axis(1),
    "Valley of the loss, seen from above, with the path of the two weights",
    { height: 260 },
  );
  const losses = [0.3, 1, 10, 100].map((loss) => [Math.log10(loss), `${loss}`]);
  const curves = chart(
    { domain: [0, data.steps], label: "step", ticks: ticks([0, data.steps]) },
    { domain: [-0.6, 2], label: "loss", ticks: losses },
    "Loss at each step, on a logarithmic axis",
    { height: 260 },
  );

  // A window into the chart: what leaves the valley is cut off at its edge.
  const left = valley.X(across[0]);
  const top = valley.Y(up[1]);
  const width = valley.X(across[1]) - left;
  const height = valley.Y(up[0]) - top;
  const view = s("svg", {
    x: left,
    y: top,
    width,
    height,
    viewBox: `${left} ${top} ${width} ${height}`,
    style: `width:${width}px;height:${height}px`,
  });
  const line = (pairs, attributes) =>
    polyline(...[0, 1].map((n) => pairs.map((p) => p[n])), valley, attributes);
  const at = (pair, r, attributes) => disc(valley.X(pair[0]), valley.Y(pair[1]), r, attributes);
  for (const ring of data.rings) view.append(line(ring, { class: "cw-ring" }));
  const [x, y] = [valley.X(data.bottom[0]), valley.Y(data.bottom[1])];
  view.append(s("path", { d: `M${x - 5} ${y}h10M${x} ${y - 5}v10`, class: "cw-bottom" }));
  const walk = s("g");
  const lines = s("g");
  view.append(walk);
  valley.svg.append(view);
  curves.svg.append(lines);
  const said = spoken();

  function draw() {
    const { rate, optimizer, step } = state;
    const { path, log_loss, loss, verdict } = data.walks[optimizer][rate];
    const walked = path.slice(0, step + 1);
    walk.replaceChildren(
      line(walked, { class: "cw-disease-line", style: "stroke-width:1.5" }),
      ...walked.map((pair) => at(pair, 2, { class: "cw-disease" })),
      at(walked.at(-1), 5, { class: "cw-disease cw-point" }),
    );
    const steps = log_loss[0].map((_, k) => k);
    const [x, y] = [curves.X(step), curves.Y(log_loss[0][step])];
    lines.replaceChildren(
      polyline(steps, log_loss[0], curves, { class: "cw-disease-line" }),
      polyline(steps, log_loss[1], curves, { class: "cw-normal-line" }),
      disc(x, y, 5, { class: "cw-disease cw-point" }),
    );
    said.textContent = t(
      "Learning rate {rate}, step {step}: loss {loss}, the lowest possible is {lowest}. " +
        "After {steps} steps {last}: {verdict}.",
      {
        rate: data.rates[rate],
        step,
        loss: t(loss[step]),
        lowest: data.lowest,
        steps: data.steps,
        last: t(loss.at(-1)),
        verdict: t(verdict),
      },
    );
  }
  const legend = h(
    "p",
    {},
    ink("disease", "— path, and loss of the women trained on"),
    "  ",
    ink("normal", "-- loss of the others"),
    "  ✚ bottom of the valley",
  );
  const steps = Array.from({ length: data.steps + 1 }, (_, k) => k);
  return {
    controls: [
      slider("rate", "Learning rate", data.rates, String),
      slider("step", "Step", steps, String),
      choice("optimizer", "Gradient from", data.optimizers),
    ],
    parts: [h("div", { class: "cw-row" }, valley.svg, curves.svg), legend, said],
    draw,
  };
}
