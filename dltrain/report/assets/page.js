"use strict";

const DRAWN = {
  paragraph: (block) => make("p", {}, block.text),
  heading: (block) => make("h3", {}, block.text),
  table: drawTable,
  matrix: drawMatrix,
  curves: drawCurves,
  effect: drawEffect,
  amounts: drawAmounts,
  bars: drawBars,
  parallel: drawParallel,
  pairs(block) {
    return make("dl", { class: "pairs" }, ...block.rows.flatMap(([name, text]) => [make("dt", {}, name), make("dd", {}, text)]));
  },
  pictures(block) {
    return make("div", { class: "pictures" }, ...block.items.map((item) => make("figure", {},
      make("img", { src: item.source, alt: `${item.title} ${item.note || ""}`, class: block.ink ? "ink" : null }),
      make("figcaption", {}, item.title, item.note ? make("span", {}, item.note) : null))));
  },
  commands(block) {
    return make("ul", { class: "commands" }, ...block.rows.map(([what, command]) => {
      const press = button("Copy", { class: "quiet", "aria-label": `Copy the command: ${what}` });
      const code = make("code", {}, command);
      press.addEventListener("click", () => copy(command, code, press));
      return make("li", {}, make("span", {}, what), code, press);
    }));
  },
};

async function copy(text, node, press) {
  try {
    await navigator.clipboard.writeText(text);
  } catch {  // no such permission: mark it, so that the browser's own command takes it
    getSelection().selectAllChildren(node);
    document.execCommand("copy");
  }
  press.textContent = "Copied";
  say("Copied");
  setTimeout(() => { press.textContent = "Copy"; }, 1500);
}

/** Put the blocks of a section below its heading; small plots stand beside one another. */
function drawSection(part) {
  const node = make("details", { id: part.name, open: "" }, make("summary", {}, make("h2", {}, part.title)));
  let beside = null;
  for (const block of part.blocks) {
    const drawn = DRAWN[block.kind](block);
    if (block.kind === "effect") {
      if (!beside) { beside = make("div", { class: "plots" }); node.append(beside); }
      beside.append(drawn);
    } else node.append(drawn);
  }
  node.addEventListener("toggle", () => { if (node.open) redrawAll(); });
  return node;
}

function begin() {
  const main = document.getElementById("report");
  document.getElementById("title").textContent = facts.title;
  document.getElementById("subtitle").textContent = facts.subtitle;
  document.getElementById("warnings").append(...facts.warnings.map((text) => make("li", {}, text)));
  document.getElementById("figures").append(...facts.figures.map(([name, value, note]) => make("div", {},
    make("dt", {}, name), make("dd", {}, value), note ? make("dd", { class: "note" }, note) : null)));
  main.append(...facts.sections.map(drawSection), make("footer", {}, facts.made));
  document.getElementById("contents").append(...facts.sections.map((part) => make("li", {}, make("a", { href: `#${part.name}` }, part.title))));
}

/** Follow what the system says of light and dark until somebody presses the button. */
function schemes() {
  const root = document.documentElement, press = document.getElementById("scheme");
  const dark = matchMedia("(prefers-color-scheme: dark)");
  let own = null;
  const set = (scheme) => {
    root.dataset.scheme = scheme;
    press.textContent = scheme === "dark" ? "Light" : "Dark";
    press.setAttribute("aria-label", scheme === "dark" ? "Show it in light colours" : "Show it in dark colours");
  };
  const follow = () => { set(own || (dark.matches ? "dark" : "light")); redrawAll(); };
  press.addEventListener("click", () => { own = root.dataset.scheme === "dark" ? "light" : "dark"; follow(); });
  dark.addEventListener("change", follow);
  set(dark.matches ? "dark" : "light");
  return { set, follow };
}

// On paper: light, everything open, plots as wide as A4 has room for.
const PAPER_WIDTH = 670;

function printing({ set, follow }) {
  let closed = [];
  addEventListener("beforeprint", () => {
    closed = [...document.querySelectorAll("details:not([open])")];
    closed.forEach((each) => { each.open = true; });
    set("light");
    plots.forEach((each) => { each.width = PAPER_WIDTH; });
    redrawAll();
  });
  addEventListener("afterprint", () => {
    closed.forEach((each) => { each.open = false; });
    plots.forEach((each) => { each.width = null; });
    follow();
  });
}

/** Open the section that an address names. */
function unfold() {
  const node = document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (node && node.tagName === "DETAILS") node.open = true;
}

const scheme = schemes();
begin();
redrawAll();
printing(scheme);
unfold();
addEventListener("hashchange", unfold);
let waiting = 0;
let wide = innerWidth;
addEventListener("resize", () => {
  if (innerWidth === wide) return;
  wide = innerWidth;
  clearTimeout(waiting);
  waiting = setTimeout(redrawAll, 100);
});
