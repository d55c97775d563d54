// Retinotopy explorer. The field is drawn as it is seen, the hemispheres as they lie when one looks
// at the back of the head. Whatever is clicked, the nearest of the points known to Python is shown.
import { disc, h, moveTo, pointer, s, smallest, spoken, stripes, t } from "./kit.js";

export function mount({ data, state, set, slider }) {
  const degrees = (v) => `${v}°`;
  const cursor = "cursor:crosshair";
  const spot = (kind) => disc(0, 0, 3, { class: `cw-point cw-${kind}` });
  const text = (x, y, anchor, said) => s("text", { x, y, "text-anchor": anchor }, said);

  // The field: outer degrees are compressed in the drawing, so that the center can be hit.
  const size = 260;
  const middle = size / 2;
  const edge = data.eccentricities.at(-1);
  const shrink = (r) => (middle - 14) * Math.sqrt(r / edge);
  const rim = shrink(edge);
  const fieldXY = (x, y) => {
    const r = Math.hypot(x, y);
    const scale = r ? shrink(r) / r : 0;
    return [middle + x * scale, middle - y * scale];
  };
  const field = s("svg", { viewBox: `0 0 ${size} ${size}`, role: "img", style: cursor });
  field.style.maxWidth = "22rem";
  const striped = stripes("normal");
  field.append(striped.element);
  const side = (isStriped) => (isStriped ? { style: striped.fill } : { class: "cw-disease" });
  for (const right of [1, 0]) {
    const d = `M${middle} ${middle - rim} A${rim} ${rim} 0 0 ${right} ${middle} ${middle + rim} Z`;
    field.append(s("path", { d, ...side(right), opacity: 0.16 }));
  }
  for (const r of data.rings) field.append(disc(middle, middle, shrink(r), { class: "cw-frame" }));
  for (let a = 0; a < 180; a += 30) {
    const dx = Math.cos((a * Math.PI) / 180) * rim;
    const dy = Math.sin((a * Math.PI) / 180) * rim;
    const ends = { x1: middle - dx, x2: middle + dx, y1: middle - dy, y2: middle + dy };
    field.append(s("line", { ...ends, class: "cw-axis", opacity: 0.6 }));
  }
  for (const r of data.rings.slice(-4))
    field.append(text(middle + shrink(r) - 3, middle + 12, "end", degrees(r)));
  const blind = s("circle", { class: "cw-blind" });
  const seen = spot("accent");
  field.append(blind, seen);

  // The cortex: both poles in the middle, forward is outwards.
  const width = 340;
  const height = 200;
  const gap = 5;
  const scale = Math.min((width / 2 - gap - 4) / data.length, (height / 2 - 18) / data.half_width);
  const cortexXY = (left, along, across) => [
    width / 2 + (left ? -1 : 1) * (gap + along * scale),
    height / 2 + 6 - across * scale,
  ];
  const cortex = s("svg", { viewBox: `0 0 ${width} ${height}`, role: "img", style: cursor });
  for (const left of [true, false]) {
    const drawn = ([along, across]) => along.map((v, n) => cortexXY(left, v, across[n]));
    const path = (list) => list.map((xy) => xy.map((v) => v.toFixed(1)).join()).join(" ");
    const rays = data.lines.slice(data.rings.length);
    const round = [
      ...drawn(rays[0]),
      ...drawn(data.lines[data.rings.length - 1]),
      ...drawn(rays.at(-1)).reverse(),
    ];
    cortex.append(
      s("polygon", { points: path(round), ...side(left), opacity: 0.16 }),
      ...data.lines.map((line) => s("polyline", { points: path(drawn(line)), class: "cw-frame" })),
      text(
        width * (left ? 0.25 : 0.75),
        14,
        "middle",
        left ? "left hemisphere" : "right hemisphere",
      ),
    );
  }
  const lesion = disc(0, 0, (data.lesion / 2) * scale, { class: "cw-blind" });
  const place = spot("accent");
  cortex.append(lesion, place);

  // The known point that is drawn nearest to where somebody pressed.
  const inField = (n, m) => fieldXY(data.x[n][m], data.y[n][m]);
  const onCortex = (n, m) => cortexXY(data.left[m], data.along[n][m], data.across[n][m]);
  const known = data.eccentricities.flatMap((_, n) => data.angles.map((__, m) => [n, m]));
  for (const [svg, where] of [
    [field, inField],
    [cortex, onCortex],
  ])
    svg.addEventListener("click", (event) => {
      const [x, y] = pointer(svg, event);
      const away = known.map((at) => {
        const [px, py] = where(...at);
        return Math.hypot(px - x, py - y);
      });
      const [eccentricity, angle] = known[smallest(away)];
      set({ eccentricity, angle });
    });
  const said = spoken();

  function draw() {
    const { eccentricity: i, angle: j } = state;
    const r = data.eccentricities[i];
    for (const circle of [seen, blind]) moveTo(circle, ...inField(i, j));
    for (const circle of [place, lesion]) moveTo(circle, ...onCortex(i, j));
    const half = data.blind[i][j] / 2;
    const radius = (shrink(r + half) - shrink(Math.max(0, r - half))) / 2;
    blind.setAttribute("r", Math.max(1, radius).toFixed(1));
    const hemisphere = t(data.left[j] ? "left hemisphere" : "right hemisphere");
    const along = data.along[i][j].toFixed(1);
    const pole = t("{n} mm from the pole", { n: along });
    const across = data.across[i][j];
    const side =
      across < 0
        ? "{n} mm below the horizontal meridian"
        : across > 0
          ? "{n} mm above the horizontal meridian"
          : "in the depth of the calcarine fissure";
    const bank = t(side, { n: Math.abs(across).toFixed(1) });
    const here = { r, angle: data.angles[j], hemisphere, pole, bank };
    field.setAttribute(
      "aria-label",
      t("Visual field, a point {r}° from gaze in direction {angle}°", here),
    );
    cortex.setAttribute("aria-label", t("Cortex, a point in the {hemisphere}, {pole}", here));
    said.replaceChildren(
      t("This point lies in the {hemisphere}, {pole}, {bank}. ", here),
      t("A square degree has {area} mm² of cortex here. ", { area: data.area[i][j] }),
      h(
        "b",
        {},
        t("A lesion of {mm} mm leaves a blind spot about {blind}° wide.", {
          mm: data.lesion,
          blind: data.blind[i][j],
        }),
      ),
    );
  }
  const help = "Press a point of the visual field (you look at its center) or of the cortex.";
  return {
    controls: [
      slider("eccentricity", "From gaze", data.eccentricities, degrees),
      slider("angle", "Direction", data.angles, degrees),
    ],
    parts: [h("p", {}, help), h("div", { class: "cw-row" }, field, cortex), said],
    draw,
  };
}
