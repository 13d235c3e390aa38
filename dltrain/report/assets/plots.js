"use strict";

// Every plot of the page: where it stands, and what draws it; drawn anew in other colours.
const plots = [];

/** Write a text so that plotly shows it, and takes no part of it for markup. */
function plain(text) {
  return String(text).replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;");
}

/** A figure with a plot in it. `draw` returns traces and what differs of the layout. */
function plot(title, draw, { tools = [], label = title } = {}) {
  const canvas = make("div", { class: "canvas", role: "img", "aria-label": label });
  const reset = button("Reset zoom", { class: "quiet", hidden: "" });
  const save = button("SVG", { class: "quiet", "aria-label": `Save ${title} as SVG` });
  const node = make("figure", { class: "plot" },
    make("figcaption", {}, title, make("span", { class: "tools" }, ...tools, reset, save)), canvas);
  const own = { canvas, draw, width: null };
  plots.push(own);
  reset.addEventListener("click", () => Plotly.relayout(canvas, { "xaxis.autorange": true, "yaxis.autorange": true }));
  save.addEventListener("click", () => Plotly.downloadImage(canvas, { format: "svg", filename: title.replace(/[^\w]+/g, "-"), width: 900, height: 480 }));
  own.begin = () => canvas.on("plotly_relayout", (change) => {
    const zoomed = canvas.layout.xaxis.autorange === false || canvas.layout.yaxis.autorange === false;
    if (Object.keys(change).some((key) => /axis/.test(key))) reset.hidden = !zoomed || "xaxis.autorange" in change;
  });
  return { node, redraw: () => redraw(own) };
}

function redraw(own) {
  if (!own.canvas.isConnected || !own.canvas.offsetWidth) return;
  const { traces, layout = {} } = own.draw();
  const axis = { gridcolor: style("grid"), linecolor: style("soft"), zerolinecolor: style("rule"), tickcolor: style("rule"),
    automargin: true, hoverformat: ".4~g", title: { standoff: 8 } };
  const whole = {
    paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)", showlegend: false, uirevision: "kept", dragmode: "zoom",
    font: { family: style("plain"), size: 12.5, color: style("ink") }, margin: { l: 52, r: 12, t: 12, b: 44 },
    hoverlabel: { bgcolor: style("raised"), bordercolor: style("rule"), font: { color: style("ink"), family: style("plain") }, namelength: -1 },
    ...layout,
    width: own.width || own.canvas.offsetWidth, height: own.canvas.offsetHeight,
    xaxis: { ...axis, ...layout.xaxis, title: { ...axis.title, ...(layout.xaxis || {}).title } },
    yaxis: { ...axis, ...layout.yaxis, title: { ...axis.title, ...(layout.yaxis || {}).title } },
  };
  Plotly.react(own.canvas, traces, whole, { displayModeBar: false, doubleClick: "reset+autosize", scrollZoom: false });
  if (own.begin) { own.begin(); own.begin = null; }
}

function redrawAll() {
  plots.forEach(redraw);
}

/** Buttons that show and hide series, for all plots of a block. Returns the list and what is on. */
function legend(names, swatches, changed) {
  const on = names.map(() => true);
  const list = make("ul", { class: "legend", "aria-label": "Series; press to show or hide, with Shift to show alone" });
  const presses = names.map((name, number) => {
    const mark = make("i", { class: swatches[number].dashed ? "dashed" : null });
    mark.style.setProperty("--swatch", swatches[number].colour);
    const press = button(mark, { "aria-pressed": "true", title: "Click to show or hide; Shift or a double click shows it alone" });
    press.append(name);
    const set = () => { presses.forEach((each, n) => each.setAttribute("aria-pressed", String(on[n]))); changed(); };
    const alone = () => { const only = on.every((x, n) => x === (n === number)); on.forEach((_, n) => { on[n] = only || n === number; }); set(); };
    press.addEventListener("click", (event) => { if (event.shiftKey) return alone(); on[number] = !on[number]; return set(); });
    press.addEventListener("dblclick", alone);
    list.append(make("li", {}, press));
    return press;
  });
  return { list, on };
}

/** Learning curves: a plot per metric, training and validation, one legend for all of them. */
function drawCurves(block) {
  const single = block.runs.length === 1;
  const both = block.runs.some((run) => Object.keys(run.values).some((name) => name.startsWith("val/")));
  const grouped = block.groups && !single;
  const names = single ? ["training", ...(both ? ["validation"] : [])] : [...(grouped ? block.groups : block.runs.map((run) => run.name))];
  const others = block.runs.some((run) => run.group === null);
  const swatches = names.map((_, n) => ({ colour: `var(--series-${n % 8})` }));
  if (others) { names.push("others"); swatches.push({ colour: "var(--faint)" }); }
  const found = [];
  const key = legend(names, swatches, () => found.forEach((each) => each.redraw()));
  const longest = Math.max(...block.runs.map((run) => run.epochs.length && run.epochs[run.epochs.length - 1]));
  let training = single || !both;
  const parts = block.metrics.map((metric) => {
    let logarithmic = block.axes[metric] === "log";
    const log = button("Log scale", { class: "quiet", "aria-pressed": String(logarithmic) });
    const own = plot(metric, () => ({
      traces: curveTraces(block, metric, { single, on: key.on, training, others }),
      layout: { xaxis: { title: { text: "epoch" }, ...(longest <= 10 ? { dtick: 1 } : {}) }, yaxis: { type: logarithmic ? "log" : "linear", title: { text: single || (both && training) ? "" : `${both ? "val" : "train"}/${metric}` }, ...within(block.ranges[metric], logarithmic) }, hovermode: "closest" },
    }), { tools: block.can_be_log.includes(metric) ? [log] : [], label: `Learning curves: ${metric} by epoch` });
    log.addEventListener("click", () => {
      logarithmic = !logarithmic;
      log.setAttribute("aria-pressed", String(logarithmic));
      own.redraw();
    });
    found.push(own);
    return own.node;
  });
  const bar = make("div", { class: "bar" });
  if (!single && both) {
    const press = button("Training curves too", { class: "quiet", "aria-pressed": "false" });
    press.addEventListener("click", () => {
      training = !training;
      press.setAttribute("aria-pressed", String(training));
      found.forEach((each) => each.redraw());
    });
    bar.append(press, make("span", { class: "hint" }, "Validation is drawn through, training dotted."));
  }
  return make("div", {}, key.list, bar.children.length ? bar : null, make("div", { class: "plots" }, ...parts));
}

/** The ends of an axis that leaves outliers out, if it does. */
function within(ends, logarithmic) {
  return ends ? { range: ends.map((end) => (logarithmic ? Math.log10(end) : end)) } : {};
}

function curveTraces(block, metric, { single, on, training, others }) {
  const traces = [];
  // The best on top, the background below.
  const order = [...block.runs].reverse().sort((a, b) => (b.group === null) - (a.group === null));
  for (const split of ["train", "val"]) {
    for (const run of order) {
      const values = run.values[`${split}/${metric}`];
      if (!values) continue;
      const background = !single && run.group === null;
      const place = single ? Number(split === "val") : background ? on.length - 1 : run.group;
      const faded = split === "train" && !single;
      const few = values.filter((x) => x !== null).length;
      traces.push({
        x: run.epochs, y: values, type: "scatter", mode: few === 1 ? "markers" : few <= 12 && block.runs.length <= 8 ? "lines+markers" : "lines",
        name: plain(single ? (split === "val" ? "validation" : "training") : `${split === "val" ? "validation" : "training"}, ${run.name}`),
        connectgaps: true, marker: { size: few === 1 ? 9 : 4 },
        line: { color: background ? style("faint") : series(place), width: background ? 0.8 : single ? 2 : 1.5, dash: faded ? "dot" : "solid" },
        opacity: faded ? 0.75 : 1,
        visible: on[place] && (single || split === "val" || training),
        hovertemplate: "%{y:.4~g} at epoch %{x}<extra>%{fullData.name}</extra>",
      });
      traces[traces.length - 1].marker.color = traces[traces.length - 1].line.color;
      const marked = run.values[`val/${metric}`] ? "val" : "train";
      if (!background && run.kept !== null && split === marked) traces.push(keptMark(run, values, on[place], place));
    }
  }
  return traces;
}

function keptMark(run, values, visible, place) {
  const at = run.epochs.indexOf(run.kept);
  return { x: [run.kept], y: [at < 0 ? null : values[at]], type: "scatter", mode: "markers", name: "kept", visible,
    marker: { symbol: "star", size: 11, color: series(place), line: { width: 1, color: style("paper") } },
    hovertemplate: "%{y:.4~g} at epoch %{x}<extra>kept</extra>" };
}

/** The metric against a key: each run a dot, settings joined, with mean and deviation over seeds. */
function drawEffect(block) {
  const category = block.axis.kind === "category";
  const shown = (x) => (category ? plain(x) : x);
  const { kind, categories, ticks } = block.axis;
  const xaxis = { type: kind, ...(category ? { categoryorder: "array", categoryarray: categories.map(shown) } : {}),
    ...(ticks.length ? { tickvals: ticks.map(shown), ticktext: ticks.map((x) => shown(figure(x))) } : {}) };
  const draw = () => {
    const traces = block.lines.map((line, number) => ({
      x: line.x.map(shown), y: line.y, type: "scatter", mode: "markers", name: plain(line.name || block.key),
      text: line.called.map(plain), marker: { size: block.repeated ? 5 : 7, color: series(number), opacity: block.repeated ? 0.5 : 0.85 },
      hovertemplate: "%{y:.4~g} at %{x}, run %{text}<extra></extra>" }));
    if (block.repeated || block.at_best || !category) block.lines.forEach((line, number) => traces.push(meanTrace(block, line.means, number, shown)));
    if (block.star) traces.push({ x: [shown(block.star.x)], y: [block.star.y], type: "scatter", mode: "markers", name: "best member",
      marker: { symbol: "star-open", size: 15, color: style("ink"), line: { width: 1.4 } },
      hovertemplate: `%{y:.4~g}, the ${block.star.title}: ${plain(block.star.called)}<extra></extra>` });
    return { traces, layout: { xaxis: { ...xaxis, title: { text: plain(block.key) } }, yaxis: { type: block.metric_axis, title: { text: plain(block.metric) } }, hovermode: "closest" } };
  };
  const own = plot(`${block.metric} by ${block.key}`, draw);
  if (block.lines.length > 1) {
    const list = make("ul", { class: "legend" });
    block.lines.forEach(({ name }, line) => {
      const mark = make("i");
      mark.style.setProperty("--swatch", `var(--series-${line % 8})`);
      const entry = make("li", {}, mark, ` ${name}`);
      entry.style.cssText = "display:inline-flex;align-items:center;gap:.45rem;padding:.18rem .5rem;overflow-wrap:anywhere";
      list.append(entry);
    });
    own.node.append(list);
  }
  return own.node;
}

function meanTrace(block, means, line, shown) {
  const category = block.axis.kind === "category";
  return { x: means.map((mean) => shown(mean.x)), y: means.map((mean) => mean.value), type: "scatter",
    mode: category ? "markers" : block.repeated ? "lines+markers" : "lines",
    text: means.map((mean) => `n ${mean.count}, a standard deviation each way: ${figure(mean.low)} to ${figure(mean.high)}`),
    error_y: { type: "data", symmetric: false, array: means.map((mean) => mean.high - mean.value), arrayminus: means.map((mean) => mean.value - mean.low),
      visible: block.repeated, color: series(line), thickness: 1.4, width: 5 },
    line: { color: series(line), width: 1.6 }, marker: { symbol: "diamond", size: 9, color: series(line) },
    hovertemplate: "mean %{y:.4~g} at %{x}<br>%{text}<extra></extra>" };
}

/** Predicted against true amounts, and how far they are apart. */
function drawAmounts(block) {
  const low = Math.min(...block.true, ...block.predicted), high = Math.max(...block.true, ...block.predicted);
  const against = plot("Predicted against true", () => ({
    traces: [
      { x: [low, high], y: [low, high], type: "scatter", mode: "lines", line: { color: style("soft"), width: 1, dash: "dash" }, hoverinfo: "skip" },
      { x: block.true, y: block.predicted, type: "scatter", mode: "markers", marker: { color: series(0), size: block.true.length > 300 ? 4 : 7, opacity: block.true.length > 300 ? 0.45 : 0.8 },
        hovertemplate: "true %{x:.4~g}<br>predicted %{y:.4~g}<extra></extra>" },
    ],
    layout: { hovermode: "closest", xaxis: { title: { text: `true ${plain(block.name)}` } }, yaxis: { title: { text: `predicted ${plain(block.name)}` } } },
  }));
  const centres = block.counts.map((_, n) => (block.edges[n] + block.edges[n + 1]) / 2);
  const residuals = plot("Residuals", () => ({
    traces: [{ x: centres, y: block.counts, type: "bar", marker: { color: series(0) }, width: centres.map((_, n) => 0.94 * (block.edges[n + 1] - block.edges[n])),
      hovertemplate: "%{y} rows about %{x:.4~g}<extra></extra>" }],
    layout: { xaxis: { title: { text: "predicted − true" } }, yaxis: { title: { text: "rows" } } },
  }));
  return make("div", { class: "plots" }, against.node, residuals.node);
}

/** Coefficients by name, the strongest on top. */
function drawBars(block) {
  const own = plot("Coefficients", () => ({
    traces: [{ x: [...block.values].reverse(), y: [...block.names].reverse().map(plain), type: "bar", orientation: "h",
      marker: { color: [...block.values].reverse().map((x) => style(x < 0 ? "series-1" : "series-0")) }, hovertemplate: "%{y}: %{x:.4~g}<extra></extra>" }],
    layout: { xaxis: { title: { text: "coefficient" } }, yaxis: { type: "category", title: { text: "" } }, bargap: 0.35 },
  }));
  own.node.querySelector(".canvas").style.height = `${Math.max(9, 5 + 1.5 * block.names.length)}rem`;
  return own.node;
}
