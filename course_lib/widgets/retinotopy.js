// Retinotopy explorer. The field is drawn as it is seen, the hemispheres as they lie when one looks
// at the back of the head. Whatever is clicked, the nearest of the points known to Python is shown.
function mount(host, data, state, changed) {
  let { eccentricity: i, angle: j } = state;
  const degrees = (v) => `${v}°`;
  const show = (ecc, angle) => {
    [i, j] = [ecc, angle];
    sliders[0].set(i);
    sliders[1].set(j);
    draw();
    changed({ eccentricity: i, angle: j });
  };
  const sliders = [
    slider("From gaze", data.eccentricities, i, degrees, (v) => show(v, j)),
    slider("Direction", data.angles, j, degrees, (v) => show(i, v)),
  ];

  // The field: outer degrees are compressed in the drawing, so that the center can be hit.
  const size = 260, middle = size / 2, edge = data.eccentricities.at(-1);
  const shrink = (r) => (middle - 14) * Math.sqrt(r / edge);
  const fieldXY = (x, y) => {
    const r = Math.hypot(x, y), s_ = r ? shrink(r) / r : 0;
    return [middle + x * s_, middle - y * s_];
  };
  const field = s("svg", { viewBox: `0 0 ${size} ${size}`, role: "img", style: "cursor:crosshair;max-width:22rem" });
  const halfDisc = (right) => s("path", {
    d: `M${middle} ${middle - shrink(edge)} A${shrink(edge)} ${shrink(edge)} 0 0 ${right ? 1 : 0} ${middle} ${middle + shrink(edge)} Z`,
    class: right ? "cw-normal" : "cw-disease", opacity: 0.16,
  });
  field.append(halfDisc(true), halfDisc(false));
  for (const r of data.rings)
    field.append(s("circle", { cx: middle, cy: middle, r: shrink(r), class: "cw-frame" }));
  for (let a = 0; a < 180; a += 30) {
    const [dx, dy] = [Math.cos((a * Math.PI) / 180) * shrink(edge), Math.sin((a * Math.PI) / 180) * shrink(edge)];
    field.append(s("line", { x1: middle - dx, x2: middle + dx, y1: middle - dy, y2: middle + dy, class: "cw-axis", opacity: 0.6 }));
  }
  for (const r of data.rings.slice(-4))
    field.append(s("text", { x: middle + shrink(r) - 3, y: middle + 12, "text-anchor": "end" }, `${r}°`));
  const blind = s("circle", { style: "fill:var(--cw-text);opacity:.55" });
  const spot = s("circle", { r: 3, class: "cw-point", style: "fill:var(--cw-accent);stroke-width:1" });
  field.append(blind, spot);

  // The cortex: both poles in the middle, forward is outwards.
  const width = 340, height = 200, gap = 5;
  const scale = Math.min((width / 2 - gap - 4) / data.length, (height / 2 - 18) / data.half_width);
  const cortexXY = (left, along, across) => [width / 2 + (left ? -1 : 1) * (gap + along * scale), height / 2 + 6 - across * scale];
  const cortex = s("svg", { viewBox: `0 0 ${width} ${height}`, role: "img", style: "cursor:crosshair" });
  for (const left of [true, false]) {
    const outline = data.lines[data.rings.length - 1];
    const points = outline[0].map((along, n) => cortexXY(left, along, outline[1][n]));
    const rays = data.lines.slice(data.rings.length);
    const rim = [rays[0], rays.at(-1)].map(([along, across]) => along.map((v, n) => cortexXY(left, v, across[n])));
    const text = (list) => list.map(([x, y]) => `${x.toFixed(1)},${y.toFixed(1)}`).join(" ");
    cortex.append(
      s("polygon", { points: text([...rim[0], ...points, ...rim[1].reverse()]), class: left ? "cw-normal" : "cw-disease", opacity: 0.16 }),
      ...data.lines.map(([along, across]) => s("polyline", { points: text(along.map((v, n) => cortexXY(left, v, across[n]))), class: "cw-frame" })),
      s("text", { x: width * (left ? 0.25 : 0.75), y: 14, "text-anchor": "middle" }, `${left ? "left" : "right"} hemisphere`));
  }
  const lesion = s("circle", { r: (data.lesion / 2) * scale, style: "fill:var(--cw-text);opacity:.55" });
  const place = s("circle", { r: 3, class: "cw-point", style: "fill:var(--cw-accent);stroke-width:1" });
  cortex.append(lesion, place);

  // The known point that is drawn nearest to where somebody pressed.
  const press = (svg, where) => svg.addEventListener("click", (event) => {
    const box = svg.getBoundingClientRect(), view = svg.viewBox.baseVal;
    const x = ((event.clientX - box.left) / box.width) * view.width, y = ((event.clientY - box.top) / box.height) * view.height;
    let best = Infinity, found = [i, j];
    data.eccentricities.forEach((_, n) => data.angles.forEach((__, m) => {
      const [px, py] = where(n, m), d = (px - x) ** 2 + (py - y) ** 2;
      if (d < best) { best = d; found = [n, m]; }
    }));
    show(...found);
  });
  const inField = (n, m) => fieldXY(data.x[n][m], data.y[n][m]);
  const onCortex = (n, m) => cortexXY(data.left[m], data.along[n][m], data.across[n][m]);
  press(field, inField);
  press(cortex, onCortex);

  const said = h("p", { "aria-live": "polite", class: "cw-said" });
  frame(host, "Retinotopy explorer",
    h("p", {}, "Press a point of the visual field (you look at its center) or of the cortex."),
    h("div", { class: "cw-row" }, field, cortex), ...sliders, said);

  function draw() {
    const [fx, fy] = inField(i, j), [cx, cy] = onCortex(i, j), r = data.eccentricities[i];
    for (const [circle, x, y] of [[spot, fx, fy], [blind, fx, fy], [place, cx, cy], [lesion, cx, cy]]) {
      circle.setAttribute("cx", x);
      circle.setAttribute("cy", y);
    }
    const half = data.blind[i][j] / 2;
    blind.setAttribute("r", Math.max(1, (shrink(r + half) - shrink(Math.max(0, r - half))) / 2).toFixed(1));
    const hemisphere = data.left[j] ? "left" : "right", across = data.across[i][j];
    const bank = Math.abs(across) < 0.05 ? "in the depth of the calcarine fissure" : `${Math.abs(across).toFixed(1)} mm ${across < 0 ? "below" : "above"} the horizontal meridian`;
    field.setAttribute("aria-label", `Visual field, a point ${r}° from gaze in direction ${data.angles[j]}°`);
    cortex.setAttribute("aria-label", `Cortex, a point in the ${hemisphere} hemisphere, ${data.along[i][j].toFixed(1)} mm from the pole`);
    said.replaceChildren(
      `This point lies in the ${hemisphere} hemisphere, ${data.along[i][j].toFixed(1)} mm from the pole, ${bank}. `,
      `A square degree has ${data.area[i][j]} mm² of cortex here. `,
      h("b", {}, `A lesion of ${data.lesion} mm leaves a blind spot about ${data.blind[i][j]}° wide.`));
  }
  draw();
  return { update(next) { ({ eccentricity: i, angle: j } = next); sliders[0].set(i); sliders[1].set(j); draw(); } };
}
