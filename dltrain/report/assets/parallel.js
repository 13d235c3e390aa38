"use strict";

// Plotly draws parallel coordinates with WebGL and code it makes while it runs, which the page's
// policy forbids, and which paper, dark pages and remote screens get wrong; so these are lines.

/** Draw each run as a line across an axis for each key; dragging along an axis chooses runs. */
function drawParallel(block) {
  const box = make("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "Parallel coordinates" });
  const clear = button("Clear the choice", { class: "quiet", hidden: "" });
  const hint = make("p", { class: "hint" }, "A line is a run, darker the better it is. Drag along an axis to choose runs, or filter the table below. ", clear);
  const scales = block.axes.map((axis, number) => scaleOf(axis, block.rows.map((row) => row[number])));
  const brushes = block.axes.map(() => null);

  function chosen() {
    const on = brushes.some((brush) => brush);
    const fits = (row) => brushes.every((brush, n) => !brush || (scales[n].place(row[n]) >= brush[0] && scales[n].place(row[n]) <= brush[1]));
    selection.set("brush", on ? new Set(block.ids.filter((_, n) => fits(block.rows[n]))) : null);
    clear.hidden = !on;
    draw();
  }

  function draw() {
    const width = Math.max(box.clientWidth, 118 * block.axes.length), height = 320, top = 46, bottom = 18, side = 62;
    const x = (n) => side + (n * (width - 2 * side)) / (block.axes.length - 1);
    const y = (place) => height - bottom - place * (height - top - bottom);
    const picture = make("svg", { class: "parallel", viewBox: `0 0 ${width} ${height}`, width, height, role: "img",
      "aria-label": `Parallel coordinates of ${block.rows.length} runs; the table below has the same` });
    const count = block.rows.length;
    for (let rank = count - 1; rank >= 0; rank -= 1) {  // the best on top
      const strength = 100 * (1 - rank / Math.max(1, count - 1)) ** 1.6;
      const line = make("path", { d: `M${block.rows[rank].map((value, n) => `${x(n).toFixed(1)},${y(scales[n].place(value)).toFixed(1)}`).join("L")}`,
        class: selection.has(block.ids[rank]) ? null : "off" }, make("title", {}, named(rank)));
      line.style.stroke = `color-mix(in oklab, var(--accent) ${strength.toFixed(0)}%, var(--faint))`;
      line.addEventListener("pointerenter", () => line.classList.add("near"));
      line.addEventListener("pointerleave", () => line.classList.remove("near"));
      picture.append(line);
    }
    block.axes.forEach((axis, n) => picture.append(...axisOf(axis, n, { x: x(n), y, top, height, bottom, last: n === block.axes.length - 1 })));
    box.replaceChildren(picture);
  }

  function named(rank) {
    return `${block.called[rank]}: ${block.axes.map((axis, n) => `${axis.name} ${figure(block.rows[rank][n])}`).join(", ")}`;
  }

  function axisOf(axis, n, { x, y, top, height, bottom }) {
    const parts = [make("line", { x1: x, x2: x, y1: top, y2: height - bottom })];
    for (const [value, place] of scales[n].ticks) {
      parts.push(make("text", { class: "tick", x: x + 6, y: y(place) + 4 }, clipped(typeof value === "number" ? figure(value) : value, 14)));
    }
    parts.push(make("text", { x, y: n % 2 && block.axes.length > 7 ? 14 : 28, "text-anchor": "middle" }, make("title", {}, axis.name), clipped(axis.name, 18)));
    if (brushes[n]) parts.push(make("rect", { class: "brush", x: x - 9, width: 18, y: y(brushes[n][1]), height: y(brushes[n][0]) - y(brushes[n][1]) }));
    const zone = make("rect", { class: "zone", x: x - 16, width: 32, y: top - 8, height: height - top - bottom + 16 });
    zone.addEventListener("pointerdown", (event) => drag(event, n, { y, top, height, bottom }));
    return [...parts, zone];
  }

  function drag(event, n, { top, height, bottom }) {
    const frame = box.firstChild.getBoundingClientRect();
    const place = (e) => Math.min(1, Math.max(0, (height - bottom - (e.clientY - frame.top)) / (height - top - bottom)));
    const from = place(event);
    const move = (e) => { brushes[n] = [Math.min(from, place(e)), Math.max(from, place(e))]; chosen(); };
    const end = () => {
      removeEventListener("pointermove", move);
      if (!brushes[n] || brushes[n][1] - brushes[n][0] < 0.01) { brushes[n] = null; chosen(); }
    };
    brushes[n] = null;
    addEventListener("pointermove", move);
    addEventListener("pointerup", end, { once: true });
    event.preventDefault();
  }

  clear.addEventListener("click", () => { brushes.fill(null); chosen(); });
  selection.listeners.push(() => {
    const lines = box.querySelectorAll("path");
    lines.forEach((line, n) => line.classList.toggle("off", !selection.has(block.ids[block.rows.length - 1 - n])));
  });
  new ResizeObserver(draw).observe(box);
  return make("div", {}, hint, box);
}

function clipped(text, most) {
  return text.length > most ? `${text.slice(0, most - 1)}…` : text;
}

/** Where values stand on an axis, from 0 (below) to 1, and what is written beside it. */
function scaleOf(axis, values) {
  const { kind, categories, ticks } = axis;
  if (kind === "category") {
    const place = (value) => (categories.length < 2 ? 0.5 : categories.indexOf(value) / (categories.length - 1));
    return { place, ticks: ticks.map((name) => [name, place(name)]) };
  }
  const [map, back] = kind === "log" ? [Math.log, Math.exp] : [(x) => x, (x) => x];
  const [least, most] = [Math.min(...values), Math.max(...values)];
  const [low, high] = [map(least), map(most)];
  const place = (value) => (high === low ? 0.5 : (map(value) - low) / (high - low));
  const within = ticks.filter((value) => value >= least && value <= most);
  if (within.length) return { place, ticks: within.map((value) => [value, place(value)]) };
  return { place, ticks: [0, 0.25, 0.5, 0.75, 1].map((at) => [Number(back(low + at * (high - low)).toPrecision(3)), at]) };
}
