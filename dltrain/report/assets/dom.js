"use strict";

// What stands in the page. Strings in it may be a stranger's: they become text, and nothing else.
const facts = JSON.parse(document.getElementById("facts").textContent);

/** Make an element. Children that are no elements become text. */
function make(tag, attributes = {}, ...children) {
  const vector = ["svg", "path", "line", "rect", "text", "g", "title"].includes(tag);
  const node = vector
    ? document.createElementNS("http://www.w3.org/2000/svg", tag)
    : document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== null && value !== undefined && value !== false) node.setAttribute(name, value);
  }
  node.append(...children.filter((child) => child !== null && child !== undefined));
  return node;
}

function button(label, attributes = {}) {
  return make("button", { type: "button", ...attributes }, label);
}

/** Split a name where a line may break: after dots and slashes. */
function breakable(name) {
  return name.split(/(?<=[./])/).flatMap((part, n) => (n ? [make("wbr"), part] : [part]));
}

/** Write a number for people: four significant digits. */
function figure(value) {
  if (typeof value !== "number") return value === null || value === undefined ? "–" : String(value);
  const size = Math.abs(value);
  if ((size >= 10000 || (Number.isInteger(value) && size >= 1000)) && size < 1e10) return Math.round(value).toLocaleString("en").replace("-", "−");
  if (size !== 0 && (size < 1e-4 || size >= 1e10)) {
    return value.toExponential(3).replace(/\.?0+e/, "e").replace("e+", "e").replace("-", "−");
  }
  return String(Number(value.toPrecision(4))).replace("-", "−");
}

/** Write seconds as dltrain/text.py does. */
function duration(seconds) {
  if (seconds > 0 && seconds < 0.01) return `${Number((1000 * seconds).toPrecision(2))} ms`;
  if (seconds < 9.995) return `${seconds.toFixed(2)} s`;
  if (seconds < 59.95) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds), hours = Math.floor(whole / 3600);
  if (!hours) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  if (hours < 24) return `${hours} h ${Math.floor((whole % 3600) / 60)} min`;
  return `${Math.floor(hours / 24)} d ${hours % 24} h`;
}

/** How many decimals let the figures of a column stand in line; null if they span too much. */
function decimals(values) {
  const sizes = values.filter((x) => typeof x === "number" && x !== 0).map(Math.abs);
  if (!sizes.length) return null;
  const places = 3 - Math.floor(Math.log10(Math.max(...sizes)));
  return places > 0 && places < 9 && Math.min(...sizes) * 10 ** places >= 9.5 ? places : null;
}

/** Write a cell as its column's kind asks, figures with so many decimals. */
function written(value, kind, places = null) {
  if (value === null || value === undefined) return "–";
  if (typeof value !== "number") return String(value);
  if (kind === "figure" && places !== null) return value.toFixed(places).replace("-", "−");
  if (kind === "duration") return duration(value);
  if (kind === "share") return `${(100 * value).toFixed(value > 0.9995 && value < 1 ? 3 : 1)} %`;
  if (kind === "number") return String(value).replace("-", "−");
  if (kind === "count") return value.toLocaleString("en");
  return figure(value);
}

/** Read a colour or a font that page.css sets. */
function style(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
}

function series(number) {
  return style(`series-${number % 8}`);
}

/** Say something to those who do not see it. */
function say(text) {
  document.getElementById("said").textContent = text;
}

// Which runs are chosen, by the filter of the table and by brushes on parallel axes.
const selection = {
  parts: {},
  listeners: [],
  set(name, ids) {
    this.parts[name] = ids;
    for (const listener of this.listeners) listener();
  },
  has(id, except = null) {
    return Object.entries(this.parts).every(([name, ids]) => name === except || !ids || ids.has(id));
  },
};
