"use strict";

/** Draw a table that is sorted by the buttons in its head and, if it says so, filtered. */
function drawTable(block) {
  const body = make("tbody");
  const places = block.columns.map((column, n) => (column.kind === "figure" ? column.places ?? decimals(block.rows.map((row) => row[n])) : null));
  const rows = block.rows.map((cells, place) => {
    const marked = (block.marked || []).includes(place);
    const row = make("tr", { class: marked ? "marked" : null });
    cells.forEach((cell, number) => {
      const numeric = block.columns[number].kind !== "text";
      row.append(make("td", { class: numeric ? "number" : null }, written(cell, block.columns[number].kind, places[number])));
    });
    return { cells, row, marked, place, id: block.ids ? block.ids[place] : null };
  });
  body.append(...rows.map((each) => each.row));
  const heads = block.columns.map((column, number) => {
    const press = button("");
    press.append(...breakable(column.name));
    const head = make("th", { scope: "col", class: column.kind === "text" ? null : "number" }, press);
    press.addEventListener("click", () => sortBy(number, head));
    return head;
  });
  if (block.sorted) heads[block.sorted[0]].setAttribute("aria-sort", block.sorted[1] ? "descending" : "ascending");

  function sortBy(number, head) {
    const was = head.getAttribute("aria-sort");
    const numeric = block.columns[number].kind !== "text";
    const down = was ? was === "ascending" : numeric && head.dataset.first === "down";
    heads.forEach((other) => other.removeAttribute("aria-sort"));
    head.setAttribute("aria-sort", down ? "descending" : "ascending");
    const order = [...rows].sort((a, b) => compare(a.cells[number], b.cells[number], down) || a.place - b.place);
    body.append(...order.map((each) => each.row));
    say(`Sorted by ${block.columns[number].name}, ${down ? "descending" : "ascending"}`);
  }

  const table = make("table", {}, make("caption", { class: "unseen" }, block.caption || ""),
    make("thead", {}, make("tr", {}, ...heads)), body);
  const box = make("div", { class: block.rows.length > 40 ? "scroll long" : "scroll", tabindex: "0", role: "region", "aria-label": block.caption || "Table" }, table);
  const parts = [];
  if (block.filter) parts.push(...filterFor(block, rows));
  if (block.only) parts.push(onlyMarked(rows));
  return make("div", {}, ...parts, box);
}

/** Compare two cells; numbers come before texts, and what is missing comes last either way. */
function compare(a, b, down) {
  const missing = [a, b].map((x) => x === null || x === undefined || x === "" || x === "–");
  if (missing[0] || missing[1]) return missing[0] - missing[1];
  const numbers = [a, b].map((x) => typeof x === "number");
  let order;
  if (numbers[0] && numbers[1]) order = a - b;
  else if (numbers[0] !== numbers[1]) order = numbers[0] ? -1 : 1;
  else order = String(a).localeCompare(String(b), "en", { numeric: true });
  return down ? -order : order;
}

/** A field that chooses rows by words that must all stand in them, as the table shows them. */
function filterFor(block, rows) {
  const linked = Boolean(block.ids);
  const field = make("input", { type: "search", spellcheck: "false", autocomplete: "off", placeholder: "words", "aria-label": "Filter the rows" });
  const count = make("output", { "aria-live": "polite" });
  const clear = button("Clear", { class: "quiet", hidden: "" });
  const texts = rows.map((each) => [...each.row.children].map((cell) => cell.textContent).join("\n").toLowerCase());
  let fits = () => true;

  function show() {
    rows.forEach((each, n) => { each.row.hidden = !fits(n) || (linked && !selection.has(each.id, "filter")); });
    const shown = rows.filter((each) => !each.row.hidden).length;
    count.textContent = shown === rows.length ? `${figure(rows.length)} rows` : `${figure(shown)} of ${figure(rows.length)} rows`;
  }

  function read() {
    const words = field.value.toLowerCase().split(/\s+/).filter(Boolean);
    fits = (n) => words.every((word) => texts[n].includes(word));
    clear.hidden = !field.value;
    if (linked) selection.set("filter", words.length ? new Set(rows.filter((_, n) => fits(n)).map((each) => each.id)) : null);
    show();
  }

  field.addEventListener("input", read);
  clear.addEventListener("click", () => { field.value = ""; read(); field.focus(); });
  if (linked) selection.listeners.push(show);
  show();
  return [make("div", { class: "bar" }, make("label", {}, "Filter", field), clear, count)];
}

/** A switch that leaves only the rows that stand out. */
function onlyMarked(rows) {
  const press = button("Only what differs", { class: "quiet", "aria-pressed": "false" });
  press.addEventListener("click", () => {
    const on = press.getAttribute("aria-pressed") !== "true";
    press.setAttribute("aria-pressed", String(on));
    for (const each of rows) each.row.hidden = on && !each.marked;
  });
  return make("div", { class: "bar" }, press);
}

/** Draw a table whose cells are coloured by what stands in them. */
function drawMatrix(block) {
  const turned = block.columns.some((name) => name.length > 9) || block.columns.length > 12;
  const most = Math.max(...block.values.flat().map(Math.abs)) || 1;
  const head = make("tr", {}, make("td", {}, block.corner),
    ...block.columns.map((name) => make("th", { scope: "col", class: turned ? "turned" : null, title: name }, name)));
  head.firstChild.style.setProperty("--fill", "var(--paper)");
  const rows = block.values.map((values, y) => {
    const sum = values.reduce((a, b) => a + Math.abs(b), 0) || 1;
    const row = make("tr", {}, make("th", { scope: "row", title: block.rows[y] }, block.rows[y]));
    values.forEach((value, x) => {
      const share = block.colour === "share" ? value / sum : Math.abs(value) / most;
      const colour = value < 0 ? "var(--negative)" : "var(--accent)";
      const cell = make("td", { class: share > 0.5 ? "strong" : null }, block.colour === "share" ? figure(value) : value.toPrecision(2));
      cell.style.setProperty("--fill", `color-mix(in oklab, ${colour} ${(100 * Math.min(1, share ** 0.6)).toFixed(0)}%, var(--paper))`);
      cell.title = block.colour === "share"
        ? `${block.rows[y]} taken for ${block.columns[x]}: ${figure(value)}, ${written(share, "share")} of its rows`
        : `${block.rows[y]}, ${block.columns[x]}: ${figure(value)}`;
      row.append(cell);
    });
    return row;
  });
  const table = make("table", {}, make("caption", { class: "unseen" }, block.caption), make("thead", {}, head), make("tbody", {}, ...rows));
  return make("div", { class: "scroll matrix", tabindex: "0", role: "region", "aria-label": block.caption }, table);
}
