// A first guess. Until the reader has guessed, everybody in the crowd looks alike; then the
// positive people step out of it. Round means ill, filled means positive.
import { button, distance, h, ink, percent, s, spoken, t, thousands, told } from "./kit.js";

export function mount({ data, state, set, slider }) {
  const step = 10;
  const side = 7;
  const { columns, people, places } = data;
  const spot = (n) => [(n % columns) * step + 1.5, Math.floor(n / columns) * step + 1.5];
  // The positive people stand below the crowd, half a line apart from it.
  const below = (Math.ceil(people / columns) + 0.7) * step;
  const kinds = { tp: "cw-disease", fp: "cw-normal", fn: "cw-missed" };
  const positive = [...places.tp, ...places.fp];
  const hidden = new Set([...positive, ...places.fn]);

  let d = "";
  for (let n = 0; n < people; n++) {
    const [x, y] = spot(n);
    if (!hidden.has(n)) d += `M${x} ${y}h${side}v${side}h${-side}z`;
  }
  const rest = s("path", { d });
  const members = Object.keys(kinds).flatMap((kind) =>
    places[kind].map((place) => {
      const [x, y] = spot(place);
      return { kind, x, y, mark: s("rect", { x, y, width: side, height: side }) };
    }),
  );
  const height = below + Math.ceil(positive.length / columns) * step + 1;
  const viewBox = `-1 -1 ${columns * step + 2} ${height + 1}`;
  const crowd = s("svg", { viewBox, role: "img" }, rest, ...members.map(({ mark }) => mark));

  const legend = h(
    "p",
    {},
    ink("disease", "● ill, positive  ○ ill, missed   "),
    ink("normal", "■ healthy, false alarm  □ healthy, cleared"),
  );
  const said = spoken();
  const act = button("", { onclick: () => set({ shown: 1 - state.shown }) });

  function draw() {
    const { shown } = state;
    rest.setAttribute("class", shown ? "cw-cleared" : "cw-person");
    members.forEach(({ kind, x, y, mark }, at) => {
      const [toX, toY] = kind === "fn" ? [x, y] : [spot(at)[0], below + spot(at)[1]];
      mark.setAttribute("class", `cw-walker ${shown ? kinds[kind] : "cw-person"}`);
      mark.setAttribute("rx", shown && kind !== "fp" ? side / 2 : 0);
      mark.style.transform = shown ? `translate(${toX - x}px, ${toY - y}px)` : "none";
    });
    const n = thousands(people);
    act.textContent = shown ? t("Guess again") : t("Let {n} people take the test", { n });
    legend.hidden = !shown;
    said.replaceChildren(...(shown ? answer() : []));
    crowd.setAttribute("aria-label", shown ? counted() : t("{n} people who look alike", { n }));
  }

  function counted() {
    const [tp, fp, fn] = ["tp", "fp", "fn"].map((kind) => places[kind].length);
    const cleared = thousands(people - tp - fp - fn);
    return t(
      "{n} people; {tp} ill and positive, {fn} missed, {fp} false alarms, {cleared} cleared",
      { n: thousands(people), tp, fn, fp, cleared },
    );
  }

  function answer() {
    const guess = data.guesses[state.guess];
    const ill = places.tp.length;
    const alarms = places.fp.length;
    return [
      h("b", {}, data.ppv < 0.5 ? "Probably not." : "Probably."),
      ...told(" Of {n} people {positive} are positive, and {ill} of these are ill: {ppv}. ", {
        n: thousands(people),
        positive: ill + alarms,
        ill,
        ppv: h("b", { class: "cw-disease-ink" }, percent(data.ppv)),
      }),
      t("You said {guess}, {far}. ", {
        guess: percent(guess),
        far: distance(guess, data.ppv, percent),
      }),
      t("The others are {alarms} false alarms, {share} of {n} healthy people.", {
        alarms,
        share: percent(1 - data.specificity),
        n: thousands(people - data.ill),
      }),
    ];
  }

  const share = h("b", {}, t("{ill} of {n}", { ill: data.ill, n: thousands(people) }));
  return {
    parts: [
      h(
        "p",
        { class: "cw-ask" },
        t("This test is {share} sensitive: so many of the ill are positive. ", {
          share: percent(data.sensitivity),
        }),
        t("It is {share} specific: so many of the healthy are negative. ", {
          share: percent(data.specificity),
        }),
        ...told("{share} people are ill. You are positive. ", { share }),
        h("b", {}, "Are you ill?"),
      ),
      slider("guess", "My guess", data.guesses, percent),
      h("div", {}, act),
      said,
      crowd,
      legend,
    ],
    draw,
    kept: true,
  };
}
