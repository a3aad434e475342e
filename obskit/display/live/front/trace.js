// The waterfall's page: it draws what Python sent, keeps what is collapsed and zoomed, and asks for details.

function render({ model, el }) {
  const prefix = `ok${crypto.getRandomValues(new Uint32Array(2)).join("-")}`;
  const live = h("div", { class: "obskit-hidden", "aria-live": "polite", role: "status" });
  const root = h("div", { class: "obskit obskit-trace", "data-lm-suppress-shortcuts": "true" });
  const say = (text) => {
    live.textContent = text;
  };
  const view = model.get("_view") ?? {};
  const cells = model.get("_cells");
  const trace = view.counts && cells ? readTrace(view, cells) : null;
  if (!trace) {
    el.append(h("p", { text: "This waterfall has no data. Run the cell again." }));
    return undefined;
  }

  const status = h("div", { class: "obskit-status" });
  let asked = 0;
  let waiting = null;
  const ask = (message) => {
    clearTimeout(waiting);
    waiting = setTimeout(() => {
      status.textContent = "The kernel does not answer. Run the cell again to restart the waterfall.";
    }, 20000);
    try {
      model.send({ ...message, asked: (asked += 1) });
    } catch {
      clearTimeout(waiting);
      status.textContent = "The kernel was restarted or has ended. Run the cell again to restart the waterfall.";
    }
  };

  const state = { selected: -1, window: [0, view.length], collapsed: new Set(), rows: shownRows(trace, new Set()), hits: [], hit: -1, corrected: true };
  const least = Math.max(view.length / 1e7, 1e-6); // shorter stretches of time cannot be drawn apart

  const setWindow = ([from, to]) => {
    const length = clamp(to - from, least, view.length);
    const start = clamp(from, 0, view.length - length);
    state.window = [start, start + length];
    table.look(state.window);
    overview.look(state.window);
    reset.hidden = length >= view.length;
  };
  const zoomBy = (factor) => {
    const [low, high] = state.window;
    const { selected } = state;
    const middle = selected >= 0 && Number.isFinite(trace.start[selected]) ? clamp(trace.start[selected] + shift(selected) + (trace.duration[selected] || 0) / 2, low, high) : (low + high) / 2;
    setWindow([middle - (middle - low) * factor, middle + (high - middle) * factor]);
  };
  const shift = (row) => (state.corrected ? trace.shift[row] : 0);
  const zoomTo = (row) => {
    const here = Number.isFinite(trace.start[row]);
    const from = here ? trace.start[row] + shift(row) : trace.otherStart[row];
    const length = (here ? trace.duration[row] : trace.otherDuration[row]) || 0;
    if (Number.isFinite(from)) setWindow([from - length * 0.05, from + Math.max(length, least) * 1.05]);
  };

  const place = (row) => {
    let low = 0;
    let high = state.rows.length - 1;
    while (low <= high) {
      const middle = (low + high) >> 1;
      if (state.rows[middle] === row) return middle;
      if (state.rows[middle] < row) low = middle + 1;
      else high = middle - 1;
    }
    return -1;
  };
  const layout = () => {
    state.rows = shownRows(trace, state.collapsed);
    table.rows(state.rows, state.collapsed);
  };
  const toggle = (row, open = state.collapsed.has(row)) => {
    if (trace.last[row] <= row) return;
    if (open) state.collapsed.delete(row);
    else state.collapsed.add(row);
    // A selected span does not vanish: what hides it is selected instead.
    if (!open && state.selected > row && state.selected <= trace.last[row]) select(row);
    layout();
    say(`${open ? "Expanded" : "Collapsed"} ${view.names[trace.name[row]]}`);
  };
  const describe = (row) => {
    const parts = [view.services[trace.service[row]].name, view.names[trace.name[row]], lasting(trace.duration[row])];
    if (trace.flags[row] & FAILED) parts.push(`error ${view.faults[row] ?? ""}`);
    if (trace.flags[row] & MISSING) parts.push("parent missing");
    return parts.filter(Boolean).join(", ");
  };
  const select = (row, quiet = false) => {
    if (row < 0 || row >= trace.count) return;
    let opened = false;
    for (let above = trace.parent[row]; above >= 0; above = trace.parent[above]) opened = state.collapsed.delete(above) || opened;
    if (opened) layout();
    const changed = row !== state.selected;
    state.selected = row;
    table.select(row, place(row));
    if (changed && !quiet) {
      clearTimeout(state.later);
      if (model.get("_details")?.row === row) details.show(model.get("_details"));
      else state.later = setTimeout(() => ask({ type: "span", row }), 60); // not for each row that the keyboard passes
    }
    say(describe(row));
  };
  const next = (test, by) => {
    for (let n = 1; n <= trace.count; n += 1) {
      const row = (((state.selected + by * n) % trace.count) + trace.count) % trace.count;
      if (test(row)) return row;
    }
    return -1;
  };
  const failed = (row) => trace.flags[row] & (FAILED | OTHER_FAILED);
  const nextError = (by = 1) => {
    const row = next(failed, state.selected < 0 && by < 0 ? -1 : by);
    if (row >= 0) select(row);
    else say("No span of this trace is an error.");
  };
  const nextHit = (by) => {
    if (!state.hits.length) return;
    state.hit = (state.hit + by + state.hits.length) % state.hits.length;
    found.textContent = `${state.hit + 1} of ${state.hits.length.toLocaleString("en-US")}`;
    select(state.hits[state.hit]);
  };

  const onKey = (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const { selected, rows } = state;
    const at = selected < 0 ? -1 : place(selected);
    const [low, high] = state.window;
    const pan = (by) => setWindow([clamp(low + by * (high - low), 0, view.length - (high - low)), clamp(low + by * (high - low), 0, view.length - (high - low)) + (high - low)]);
    const go = (to) => select(rows[clamp(to, 0, rows.length - 1)]);
    const keys = {
      ArrowDown: () => go(at + 1),
      ArrowUp: () => go(Math.max(0, at - 1)),
      PageDown: () => go(at + table.page()),
      PageUp: () => go(at - table.page()),
      Home: () => go(0),
      End: () => go(rows.length - 1),
      ArrowRight: () => {
        if (event.shiftKey) pan(0.2);
        else if (state.collapsed.has(selected)) toggle(selected, true);
        else if (selected >= 0 && trace.last[selected] > selected) go(at + 1);
      },
      ArrowLeft: () => {
        if (event.shiftKey) pan(-0.2);
        else if (selected >= 0 && trace.last[selected] > selected && !state.collapsed.has(selected)) toggle(selected, false);
        else if (trace.parent[selected] >= 0) select(trace.parent[selected]);
      },
      Enter: () => details.focus(),
      " ": () => selected >= 0 && toggle(selected),
      "+": () => zoomBy(0.5),
      "=": () => zoomBy(0.5),
      "-": () => zoomBy(2),
      0: () => setWindow([0, view.length]),
      z: () => selected >= 0 && zoomTo(selected),
      e: () => nextError(1),
      E: () => nextError(-1),
      "/": () => search.focus(),
    };
    if (!keys[event.key]) return;
    keys[event.key]();
    event.preventDefault();
    event.stopPropagation();
  };

  const overview = makeOverview({ onWindow: setWindow, say });
  const table = makeRows({ prefix, onSelect: select, onToggle: toggle, onWindow: setWindow, onKey });
  const details = makeDetails({ root, ask, jump: (row) => select(trace.parent[row]), zoom: () => zoomTo(state.selected), say, headings: view.headings });

  const found = h("span", { class: "obskit-about" });
  let typing = null;
  const search = h("input", {
    type: "search",
    placeholder: "Search all fields",
    "aria-label": "Search the fields and log records of all spans",
    oninput: () => {
      clearTimeout(typing);
      typing = setTimeout(() => ask({ type: "search", text: search.value }), 200);
    },
    onkeydown: (event) => {
      if (event.key === "Enter") nextHit(event.shiftKey ? -1 : 1);
      else if (event.key === "Escape") table.focus();
      else return;
      event.preventDefault();
      event.stopPropagation();
    },
  });
  const button = (text, onclick, title = null) => h("button", { type: "button", text, title, onclick });
  const reset = button("Whole trace", () => setWindow([0, view.length]), "Key: 0");
  const parents = () => Array.from({ length: trace.count }, (_, row) => row).filter((row) => trace.last[row] > row);
  const check = (text, on, onchange) => h("label", {}, h("input", { type: "checkbox", checked: on, onchange: (event) => onchange(event.target.checked) }), ` ${text}`);
  const errors = trace.flags.reduce((sum, flags) => sum + (flags & (FAILED | OTHER_FAILED) ? 1 : 0), 0);
  const code = h("code");
  const listing = h(
    "div",
    { class: "obskit-code", hidden: true },
    h("button", {
      type: "button",
      class: "obskit-small",
      text: "Copy",
      onclick: async () => say((await copy(code.textContent)) ? "Copied the code." : "The browser does not allow copying. Select the code and copy it by hand."),
    }),
    h("pre", { tabindex: "0", "aria-label": "Code for the value that was chosen" }, code),
  );
  root.append(
    h("div", { class: "obskit-titles" }, ...view.titles.map((text, at) => h("p", {}, view.titles.length > 1 ? h("span", { class: `obskit-which obskit-which-${at}` }) : null, text))),
    h(
      "div",
      { class: "obskit-bar-top" },
      search,
      found,
      errors ? button(`Next error (${errors.toLocaleString("en-US")})`, () => nextError(1), "Keys: e, E") : null,
      button("Collapse", () => {
        state.collapsed = new Set(parents().filter((row) => trace.depth[row] >= 1));
        layout();
        if (state.selected >= 0 && place(state.selected) < 0) {
          let row = state.selected;
          while (place(row) < 0) row = trace.parent[row];
          select(row);
        }
      }, "Show two levels"),
      button("Expand", () => {
        state.collapsed = new Set();
        layout();
        if (state.selected >= 0) table.select(state.selected, place(state.selected));
      }, "Show all spans"),
      check("Critical path", true, (path) => table.set({ path })),
      view.moved
        ? check("Correct clocks", true, (corrected) => {
            state.corrected = corrected;
            table.set({ corrected });
            overview.correct(corrected);
          })
        : null,
      reset,
    ),
    overview.node,
    h("div", { class: "obskit-columns" }, h("div", { class: "obskit-main" }, table.node, h("p", { class: "obskit-meta obskit-hint", text: HINT })), details.node),
    status,
    listing,
    ...view.notes.map((text) => h("p", { class: "obskit-meta", text })),
    live,
  );
  el.append(root);
  root.classList.toggle("obskit-compared", view.compared);
  table.show(trace, view);
  overview.show(trace, view);
  layout();
  setWindow(state.window);

  const showDetails = () => {
    clearTimeout(waiting);
    const value = model.get("_details");
    if (value?.row === undefined || value.row === state.selected) details.show(value);
  };
  const showFound = () => {
    clearTimeout(waiting);
    const { text = "", rows = [] } = model.get("_found") ?? {};
    state.hits = rows;
    state.hit = -1;
    table.mark(new Set(rows));
    found.textContent = text ? `${rows.length.toLocaleString("en-US")} ${rows.length === 1 ? "span" : "spans"}` : "";
    if (text) say(`${found.textContent} found`);
  };
  const showCode = async () => {
    clearTimeout(waiting);
    const { text = "", action = "" } = model.get("_code") ?? {};
    code.textContent = text;
    listing.hidden = !text;
    if (action === "condition") say((await copy(text)) ? `Copied: ${text}` : "The browser does not allow copying. Select the condition and copy it by hand.");
    else if (text) say(`Code: ${text}`);
  };
  const showStatus = () => {
    const { text = "", hint = "" } = model.get("_status") ?? {};
    if (text) clearTimeout(waiting);
    status.classList.toggle("obskit-error", Boolean(text));
    status.replaceChildren(...(text ? [h("b", { text: "Error: " }), text, hint ? h("div", { text: `Hint: ${hint}` }) : ""] : []));
    if (text) say(`${text} ${hint}`);
  };
  const listeners = [
    ["change:_details", showDetails],
    ["change:_found", showFound],
    ["change:_code", showCode],
    ["change:_status", showStatus],
  ];
  for (const [name, listener] of listeners) model.on(name, listener);
  details.show(null);
  if (view.selected >= 0) select(view.selected, true);
  for (const show of [showDetails, showStatus]) show();
  const unfollow = followPage(root, model.get("_still"), overview.theme);
  return () => {
    for (const [name, listener] of listeners) model.off(name, listener);
    unfollow();
    overview.stop();
    table.stop();
    clearTimeout(waiting);
    clearTimeout(typing);
    clearTimeout(state.later);
  };
}

const HINT = "Drag over the bars to zoom in, double click to zoom out, Ctrl + wheel zooms, Shift + wheel moves. Keyboard: arrows, Space, Enter, + and -, 0 (whole trace), z (this span), e (next error), / (search).";
