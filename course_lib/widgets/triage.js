// Triage explorer. The error among the kept cases against the share referred, with its band.
import {
  chart,
  disc,
  grid,
  h,
  percent,
  percentTicks,
  points,
  polyline,
  s,
  spoken,
  t,
  ticks,
} from "./kit.js";

export function mount({ data, state, slider, choice }) {
  const highest = Math.max(...data.groups.flatMap((group) => group.high));
  const top = Math.ceil(10 * highest) / 10;
  const plot = chart(
    { domain: [0, 1], label: "share referred", ticks: percentTicks },
    {
      domain: [0, top],
      label: "error among the kept",
      ticks: ticks([0, top], percent),
    },
    "Error among the kept cases against the share referred",
  );
  const lines = s("g");
  plot.svg.append(lines);
  const table = grid(
    ["the machine", "cases"],
    [
      ["keeps", "kept"],
      ["misses", "missed"],
      ["alarms falsely", "alarms"],
      ["refers", "referred"],
    ],
  );
  const said = spoken();

  function draw() {
    const group = data.groups[state.group];
    const at = state.share;
    const around = [...data.shares, ...[...data.shares].reverse()];
    const ends = [...group.low, ...[...group.high].reverse()];
    lines.replaceChildren(
      s("polygon", { points: points(around, ends, plot), class: "cw-luck" }),
      polyline(data.shares, group.error, plot, { class: "cw-curve" }),
      disc(plot.X(data.shares[at]), plot.Y(group.error[at]), 5, { class: "cw-disease cw-point" }),
    );
    const [kept, missed, alarms] = ["kept", "missed", "alarms"].map((name) => group[name][at]);
    const referred = group.cases - kept;
    table.fill({ kept, missed, alarms, referred });
    const [error, low, high] = ["error", "low", "high"].map((name) => percent(group[name][at]));
    said.textContent = t(
      "{group}: people read {referred} of {cases}. The machine keeps {kept} and is wrong in " +
        "{wrong}: {error}, 95% interval {low} to {high}.",
      {
        group: t(group.name),
        referred,
        cases: group.cases,
        kept,
        wrong: missed + alarms,
        error,
        low,
        high,
      },
    );
  }
  return {
    controls: [
      choice(
        "group",
        "Patients",
        data.groups.map((group) => group.name),
      ),
      slider("share", "Referred", data.shares, percent),
    ],
    parts: [h("div", { class: "cw-row" }, plot.svg, h("div", {}, table, said))],
    draw,
  };
}
