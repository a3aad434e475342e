// The tab of rows: a table of any length of which only the rows in view exist. Pages come from Python.

const ROW_HEIGHT = 24; // the style sheet has the same
const MOST_HEIGHT = 8_000_000; // browsers cut higher elements

const LONG = new Set(["body", "exception.message", "log.record.template"]); // fields that hold sentences

/** Return {show(panel, context), page(message), again()}. */
function makeRows({ act, ask, say, values, trace }) {
  const state = { panel: null, pages: new Map(), wanted: new Set(), of: 0, zone: "utc", days: false, first: -1, here: null };
  let parts = null;

  const pageOf = (row) => Math.floor(row / state.panel.size);
  const rowAt = (row) => state.pages.get(pageOf(row))?.rows[row % state.panel.size];

  function want(page) {
    if (page < 0 || page * state.panel.size >= state.panel.total || state.pages.has(page) || state.wanted.has(page)) return;
    state.wanted.add(page);
    ask({ type: "page", offset: page * state.panel.size, of: state.of });
  }

  function cellText(value, kind) {
    if (value === null) return "";
    return kind === "time" ? dated(value, 1000, state.zone, state.days) : String(value);
  }

  function cells(row, at) {
    const { columns } = state.panel;
    const page = state.pages.get(pageOf(at));
    return columns.map(({ name, kind }, column) => {
      const text = row ? cellText(row.cells[column], kind) : "…";
      const cell = h("div", { class: `obskit-datum obskit-${kind}`, role: "gridcell", tabindex: "-1", id: `${parts.id}-${at}-${column}`, "aria-colindex": column + 1, title: row ? `${name}: ${kind === "time" && row.cells[column] !== null ? dated(row.cells[column], 1000, state.zone, true) : text || "(missing)"}` : null, text: text || "–" });
      if (row) {
        const open = () => {
          const where = { list: "panel", row: (at % state.panel.size) * columns.length + column, chip: 0, version: page.version };
          const more = row.trace ? [["Open its trace", () => trace(row.trace)]] : [];
          if (kind === "time" || kind === "list") openMenu(cell.closest(".obskit"), cell, text, [["Copy value", () => values.copied(text, "the value")], ...more]);
          else values.menu(cell, { text: `${name}: ${text || "(missing)"}`, where, condition: undefined, more });
        };
        cell.addEventListener("click", open);
      }
      return cell;
    });
  }

  function draw(force = false) {
    const { panel } = state;
    if (!panel || !parts) return;
    const { view, canvas } = parts;
    const height = Math.min(panel.total * ROW_HEIGHT, MOST_HEIGHT);
    const inside = (view.clientHeight || 500) - ROW_HEIGHT; // without the head
    const visible = Math.ceil(inside / ROW_HEIGHT);
    const most = Math.max(0, panel.total - visible);
    const scroll = Math.max(1, height - inside);
    const first = height < MOST_HEIGHT ? Math.floor(view.scrollTop / ROW_HEIGHT) : Math.round((view.scrollTop / scroll) * most);
    if (first === state.first && !force) return;
    state.first = first;
    canvas.style.height = `${height}px`;
    const last = Math.min(panel.total, first + visible + 1);
    const top = height < MOST_HEIGHT ? first * ROW_HEIGHT : view.scrollTop;
    const rows = [];
    for (let at = first; at < last; at += 1) {
      want(pageOf(at));
      const row = h("div", { class: "obskit-grid-row", role: "row", "aria-rowindex": at + 2 }, ...cells(rowAt(at), at));
      row.style.transform = `translateY(${top + (at - first) * ROW_HEIGHT}px)`;
      rows.push(row);
    }
    canvas.replaceChildren(...rows);
    point();
    parts.count.textContent = panel.total ? `rows ${(first + 1).toLocaleString("en-US")} to ${last.toLocaleString("en-US")} of ${panel.total.toLocaleString("en-US")} of ${panel.of}` : `no rows of ${panel.of}`;
  }

  /** Mark the cell that the keyboard is at. */
  function point() {
    const { here } = state;
    parts.canvas.querySelector(".obskit-here")?.classList.remove("obskit-here");
    const cell = here && parts.canvas.querySelector(`#${parts.id}-${here.row}-${here.column}`);
    cell?.classList.add("obskit-here");
    if (cell) parts.view.setAttribute("aria-activedescendant", cell.id);
    else parts.view.removeAttribute("aria-activedescendant");
    return cell;
  }

  function move(event) {
    const { panel } = state;
    const inside = Math.floor(parts.view.clientHeight / ROW_HEIGHT) - 1;
    const step = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1], PageUp: [-inside, 0], PageDown: [inside, 0], Home: [-panel.total, 0], End: [panel.total, 0] }[event.key];
    if (event.target !== parts.view || !panel.total || !(step || event.key === "Enter")) return;
    event.preventDefault();
    event.stopPropagation();
    if (!step) {
      point()?.click();
      return;
    }
    const from = state.here ?? { row: Math.max(0, state.first) - step[0], column: -step[1] };
    state.here = { row: clamp(from.row + step[0], 0, panel.total - 1), column: clamp(from.column + step[1], 0, panel.columns.length - 1) };
    const { row } = state.here;
    if (row < state.first || row >= state.first + inside) {
      const height = parts.canvas.clientHeight;
      const top = row < state.first ? row : row - inside + 1;
      parts.view.scrollTop = height < MOST_HEIGHT ? top * ROW_HEIGHT : (top / Math.max(1, panel.total - inside)) * (height - inside * ROW_HEIGHT);
    }
    draw(true);
    const cell = point();
    cell?.scrollIntoView({ block: "nearest", inline: "nearest" });
    say(cell ? `row ${row + 1}, ${cell.title}` : `row ${row + 1}`);
  }

  function head() {
    const { columns, order } = state.panel;
    return columns.map(({ name, kind }) => {
      const sorted = order === name || order === `"${name}"` ? "ascending" : order === `${name} desc` || order === `"${name}" desc` ? "descending" : "none";
      const arrow = { ascending: " ↑", descending: " ↓", none: "" }[sorted];
      const inside = kind === "list" ? name : h("button", { type: "button", class: "obskit-plain", title: `Sort by ${name}`, text: `${name}${arrow}`, onclick: () => act({ type: "sort", field: name }) });
      return h("div", { class: `obskit-datum obskit-${kind}`, role: "columnheader", "aria-sort": sorted, title: name }, inside);
    });
  }

  function chooser() {
    const { columns, choices } = state.panel;
    const shown = columns.map(({ name }) => name);
    const set = (names) => names.length && act({ type: "columns", columns: names });
    const remove = (name) => h("button", { type: "button", class: "obskit-small", "aria-label": `Remove the column ${name}`, text: `${name} ×`, onclick: () => set(shown.filter((one) => one !== name)) });
    return h(
      "details",
      {},
      h("summary", { text: "Columns" }),
      h("div", { class: "obskit-inline" }, ...shown.map(remove), fieldPicker(choices, "", "Add", (name) => set([...shown, name])), h("button", { type: "button", class: "obskit-small", text: "Those that matter most", onclick: () => act({ type: "columns", columns: [] }) })),
    );
  }

  function show(panel, { zone, days }) {
    state.of += 1;
    state.zone = zone;
    state.days = days;
    state.wanted.clear();
    state.pages = new Map([[0, { ...panel.page, version: panel.version }]]);
    state.panel = panel;
    state.first = -1;
    const canvas = h("div", { class: "obskit-grid-rows", role: "rowgroup" });
    const count = h("span", { class: "obskit-meta" });
    const header = h("div", { class: "obskit-grid-head", role: "row", "aria-rowindex": "1" }, ...head());
    const grid = h("div", { class: "obskit-grid", role: "grid", tabindex: "0", "aria-label": "Rows. Arrow keys move from cell to cell, Enter opens the menu of a cell.", "aria-rowcount": panel.total + 1 }, header, canvas);
    const widths = panel.columns.map(({ kind, name }) => (kind === "time" ? (days ? "14em" : "8.2em") : LONG.has(name) ? "minmax(20em, 4fr)" : kind === "number" ? `${clamp(name.length * 0.64 + 1, 6, 13)}em` : "minmax(7em, 1fr)"));
    grid.style.setProperty("--ok-columns", widths.join(" "));
    grid.addEventListener("keydown", move);
    grid.addEventListener("scroll", () => requestAnimationFrame(() => draw()));
    state.here = null;
    parts = { view: grid, canvas, count, id: `obskit-cell-${Math.random().toString(36).slice(2)}` };
    requestAnimationFrame(() => draw(true));
    return [h("div", { class: "obskit-inline" }, count, chooser()), grid, ...(panel.notes ?? []).map((text) => h("p", { class: "obskit-meta", text }))];
  }

  /** Draw, and ask for all pages in view: Python answers only the newest question, so some may not have come. */
  function again() {
    state.wanted.clear();
    if (parts?.view.isConnected) draw(true);
  }

  return {
    show,
    again,
    page({ of, page }) {
      if (of !== state.of || !state.panel) return; // of a table that is not shown any more
      const at = Math.floor(page.offset / state.panel.size);
      state.pages.set(at, page);
      while (state.pages.size > 6) state.pages.delete(state.pages.keys().next().value);
      again();
    },
  };
}
