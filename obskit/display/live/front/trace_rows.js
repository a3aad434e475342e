// The rows of a trace: a tree on the left, bars on a time axis on the right. Only the rows in sight are in the page.

const ROW = 24; // height of a row in pixels; the style sheet has the same

/** Return the table of rows; it calls `onSelect(row)`, `onToggle(row)`, `onWindow([from, to])` and `onKey(event)`. */
function makeRows({ prefix, onSelect, onToggle, onWindow, onKey }) {
  const axis = h("div", { class: "obskit-axis", role: "columnheader", "aria-label": "Time from the start of the trace" });
  const split = h("div", { class: "obskit-split", role: "separator", tabindex: "0", "aria-orientation": "vertical", "aria-label": "Width of the names" });
  const heads = [h("div", { role: "columnheader" }, "Span", split), h("div", { role: "columnheader", class: "obskit-n" }), h("div", { role: "columnheader", class: "obskit-n obskit-own" })];
  const head = h("div", { class: "obskit-row obskit-head", role: "row" }, ...heads, axis);
  const body = h("div", { class: "obskit-body", role: "rowgroup" });
  const lines = h("div", { class: "obskit-lines", "aria-hidden": "true" });
  const drawn = h("div", { class: "obskit-drawn", hidden: true, "aria-hidden": "true" });
  const scroll = h("div", { class: "obskit-rows", role: "treegrid", tabindex: "0", "aria-label": "Spans of the trace", "aria-keyshortcuts": "ArrowUp ArrowDown ArrowLeft ArrowRight Enter" }, head, body);
  const node = h("div", { class: "obskit-table" }, scroll, lines, drawn);
  const state = { trace: null, view: null, rows: new Int32Array(0), collapsed: new Set(), selected: -1, window: [0, 1], hits: new Set(), path: true, corrected: true, drag: null };
  const pool = new Map(); // place among the shown rows -> element
  const spare = [];
  let planned = 0;

  const timeline = () => {
    const box = axis.getBoundingClientRect();
    const style = getComputedStyle(axis);
    return { left: box.left + parseFloat(style.paddingLeft), width: Math.max(1, box.width - parseFloat(style.paddingLeft) - parseFloat(style.paddingRight)) };
  };
  const part = (ms) => (100 * (ms - state.window[0])) / (state.window[1] - state.window[0]);

  function makeRow() {
    const toggle = h("span", { class: "obskit-toggle", "aria-hidden": "true" });
    const key = h("span", { class: "obskit-key" });
    const service = h("span", { class: "obskit-service" });
    const name = h("span", { class: "obskit-name" });
    const tag = h("span", { class: "obskit-tag" });
    const label = h("div", { class: "obskit-label", role: "gridcell" }, toggle, key, service, name, tag);
    const numbers = [h("div", { class: "obskit-n", role: "gridcell" }), h("div", { class: "obskit-n obskit-own", role: "gridcell" })];
    const bars = h("div", { class: "obskit-bars" });
    const cell = h("div", { class: "obskit-cell", role: "gridcell" }, bars);
    const element = h("div", { class: "obskit-row", role: "row" }, label, ...numbers, cell);
    element.parts = { toggle, key, service, name, tag, label, numbers, bars };
    return element;
  }

  function fill(element, place) {
    const { trace, view } = state;
    const row = state.rows[place];
    const flags = trace.flags[row];
    const { toggle, key, service, name, tag, label, numbers, bars } = element.parts;
    const style = view.services[trace.service[row]];
    const parent = trace.last[row] > row;
    const open = parent && !state.collapsed.has(row);
    element.style.transform = `translateY(${place * ROW}px)`;
    element.id = `${prefix}-row-${row}`;
    element.dataset.row = row;
    element.setAttribute("aria-rowindex", place + 2);
    element.setAttribute("aria-level", trace.depth[row] + 1);
    element.setAttribute("aria-selected", row === state.selected);
    if (parent) element.setAttribute("aria-expanded", open);
    else element.removeAttribute("aria-expanded");
    element.classList.toggle("obskit-hit", state.hits.has(row));
    element.classList.toggle("obskit-failed", Boolean(flags & (FAILED | OTHER_FAILED)));
    label.style.paddingLeft = `${4 + 14 * Math.min(trace.depth[row], 24)}px`;
    toggle.textContent = parent ? (open ? "▾" : "▸") : "";
    key.style.backgroundColor = style.color;
    key.className = `obskit-key obskit-pattern-${style.pattern}`;
    service.textContent = style.name;
    name.textContent = view.names[trace.name[row]];
    label.title = `${style.name} ${view.names[trace.name[row]]}`.trim();
    const notes = [];
    if (flags & MISSING) notes.push(flags & RECORD ? "span missing" : "parent missing");
    if (flags & RING) notes.push("ring of parents");
    if (flags & UNTIMED) notes.push("no time");
    if (view.compared && flags & ONLY_OTHER) notes.push("only there");
    else if (view.compared && !Number.isFinite(trace.otherStart[row])) notes.push("only here");
    if (flags & LINKED) notes.push("linked");
    if (parent && !open) notes.push(`+${trace.last[row] - row}`);
    tag.textContent = notes.join(" · ");
    tag.hidden = !notes.length;
    numbers[0].textContent = lasting(trace.duration[row]);
    numbers[1].textContent = view.compared ? lasting(trace.otherDuration[row]) : lasting(trace.own[row]);
    draw(bars, row, style);
  }

  function draw(bars, row, style) {
    const { trace, view } = state;
    const width = state.width;
    const nodes = [];
    const shift = state.corrected ? trace.shift[row] : 0;
    const [low, high] = state.window;
    const stretch = (from, to, kind, least = 2) => {
      if (!Number.isFinite(from) || to < low || from > high) return null;
      const left = clamp(part(from), -0.5, 100);
      const node = h("div", { class: kind });
      node.style.left = `${left}%`;
      node.style.width = `max(${least}px, ${clamp(part(to), 0, 100.5) - left}%)`;
      nodes.push(node);
      return node;
    };
    const start = trace.start[row] + shift;
    const end = start + (Number.isFinite(trace.duration[row]) ? trace.duration[row] : 0);
    const failed = trace.flags[row] & FAILED;
    const bar = stretch(start, end, `obskit-span obskit-pattern-${style.pattern}${failed ? " obskit-bad" : ""}${Number.isFinite(trace.duration[row]) ? "" : " obskit-point"}`);
    if (bar) bar.style.backgroundColor = style.color;
    let last = end;
    if (view.compared && Number.isFinite(trace.otherStart[row])) {
      const to = trace.otherStart[row] + (Number.isFinite(trace.otherDuration[row]) ? trace.otherDuration[row] : 0);
      const other = stretch(trace.otherStart[row], to, `obskit-span obskit-there${trace.flags[row] & OTHER_FAILED ? " obskit-bad" : ""}`);
      if (other) other.style.borderColor = style.color;
      last = Number.isFinite(last) ? Math.max(last, to) : to;
    }
    const pixels = (ms) => ((ms - low) / (high - low)) * width;
    if (state.path && state.corrected) {
      // Stretches less than a pixel apart are drawn as one, so a row has no more of them than it has pixels.
      let [from, to] = [NaN, NaN];
      for (const at of trace.pathOf.get(row) ?? []) {
        if (pixels(trace.pathFrom[at]) - pixels(to) < 1) to = trace.pathTo[at];
        else {
          stretch(from, to, "obskit-path");
          [from, to] = [trace.pathFrom[at], trace.pathTo[at]];
        }
      }
      stretch(from, to, "obskit-path");
    }
    const marked = new Set();
    for (const at of trace.marksOf.get(row) ?? []) {
      const when = trace.markAt[at] + shift;
      const kind = trace.markKind[at];
      const where = `${kind} ${Math.round(pixels(when) / 2)}`;
      if (marked.has(where)) continue; // it would hide the one before
      marked.add(where);
      stretch(when, when, `obskit-mark${kind === 1 || kind === 3 ? " obskit-mark-bad" : ""}${kind >= 2 ? " obskit-mark-log" : ""}`, 0);
    }
    const fault = view.faults[row];
    if (fault || failed) {
      // Written where there is room: after the bars, before them, or over them.
      const text = h("div", { class: "obskit-fault", text: `✕ ${fault || "error"}`, title: fault || "error" });
      const first = Math.min(...[start, trace.otherStart[row]].filter(Number.isFinite));
      const [left, right] = [first, last].map((ms) => (Number.isFinite(ms) ? clamp(part(ms), 0, 100) : 0));
      const [before, after] = [left, 100 - right].map((share) => (share / 100) * width - 8);
      const wanted = Math.min(6.5 * text.textContent.length, 140);
      if (after >= wanted || (after >= before && after > 50)) text.style.left = `calc(${right}% + 6px)`;
      else if (before >= wanted || before > 50) text.style.right = `calc(${100 - left}% + 6px)`;
      else text.classList.add("obskit-inside");
      text.style.maxWidth = text.style.left ? `${after}px` : text.style.right ? `${before}px` : "60%";
      nodes.push(text);
    }
    bars.replaceChildren(...nodes);
  }

  /** Draw the rows in sight; those that were in sight before are kept, unless `all` have changed. */
  function render(all = false) {
    planned = 0;
    if (!state.trace) return;
    const first = Math.max(0, Math.floor(scroll.scrollTop / ROW) - 4);
    const last = Math.min(state.rows.length, Math.ceil((scroll.scrollTop + scroll.clientHeight) / ROW) + 4);
    for (const [place, element] of pool) {
      if (all || place < first || place >= last) {
        pool.delete(place);
        spare.push(element);
      }
    }
    for (let place = first; place < last; place += 1) {
      if (pool.has(place)) continue;
      const element = spare.pop() ?? body.appendChild(makeRow());
      fill(element, place);
      element.hidden = false;
      pool.set(place, element);
    }
    for (const element of spare) {
      element.hidden = true;
      element.removeAttribute("id");
    }
    const active = `${prefix}-row-${state.selected}`;
    if ([...pool.values()].some((element) => element.id === active)) scroll.setAttribute("aria-activedescendant", active);
    else scroll.removeAttribute("aria-activedescendant");
  }
  const plan = () => {
    if (!planned) planned = requestAnimationFrame(() => render());
  };

  function axes() {
    if (!state.trace) return;
    split.setAttribute("aria-valuemin", "0");
    split.setAttribute("aria-valuemax", "100");
    split.setAttribute("aria-valuenow", Math.round((100 * named()) / Math.max(1, node.clientWidth)));
    const { left, width } = timeline();
    state.width = width;
    const box = node.getBoundingClientRect();
    const ticks = timeTicks(state.window[0], state.window[1], Math.max(2, width / 90));
    axis.replaceChildren(
      ...ticks.map(({ at, text }) => {
        const tick = h("span", { text });
        const x = part(at) / 100;
        tick.style.left = `calc(6px + ${x * width}px)`;
        if (x > 0.94) tick.classList.add("obskit-tick-last");
        return tick;
      }),
    );
    lines.style.left = `${left - box.left}px`;
    lines.style.width = `${width}px`;
    lines.replaceChildren(
      ...ticks.map(({ at }) => {
        const line = h("i");
        line.style.left = `${part(at)}%`;
        return line;
      }),
    );
  }

  function redraw() {
    axes();
    render(true);
  }

  function layout() {
    body.style.height = `${state.rows.length * ROW}px`;
    scroll.setAttribute("aria-rowcount", state.rows.length + 1);
    render(true);
  }

  /** Give the names so many pixels. */
  function widen(pixels) {
    const most = node.clientWidth - 220;
    const width = Math.round(clamp(pixels, 90, Math.max(90, most)));
    node.style.setProperty("--ok-label", `${width}px`);
    redraw();
  }
  const named = () => heads[0].getBoundingClientRect().width;
  split.addEventListener("pointerdown", (event) => {
    split.setPointerCapture(event.pointerId);
    event.stopPropagation();
    event.preventDefault();
  });
  split.addEventListener("pointermove", (event) => {
    if (split.hasPointerCapture(event.pointerId)) widen(event.clientX - node.getBoundingClientRect().left);
  });
  split.addEventListener("dblclick", (event) => {
    node.style.removeProperty("--ok-label");
    redraw();
    event.stopPropagation();
  });
  split.addEventListener("keydown", (event) => {
    const by = { ArrowLeft: -20, ArrowRight: 20 }[event.key];
    if (by === undefined) return;
    widen(named() + by);
    event.preventDefault();
    event.stopPropagation();
  });

  /** The time under the pointer, in ms. */
  const timeAt = (event) => {
    const { left, width } = timeline();
    return state.window[0] + clamp((event.clientX - left) / width, 0, 1) * (state.window[1] - state.window[0]);
  };
  const rowAt = (event) => {
    const element = event.target.closest?.(".obskit-row[data-row]");
    return element ? Number(element.dataset.row) : null;
  };
  scroll.addEventListener("scroll", plan);
  scroll.addEventListener("pointerdown", (event) => {
    if (event.button !== 0 || !state.trace || event.clientX < timeline().left) return;
    if (event.offsetX > scroll.clientWidth && event.target === scroll) return; // the scroll bar
    state.drag = { x: event.clientX, at: timeAt(event), row: rowAt(event), pointer: event.pointerId };
  });
  scroll.addEventListener("pointermove", (event) => {
    if (!state.drag) return;
    if (Math.abs(event.clientX - state.drag.x) < 4 && drawn.hidden) return;
    if (drawn.hidden) scroll.setPointerCapture(state.drag.pointer);
    const { left, width } = timeline();
    const box = node.getBoundingClientRect();
    const [from, to] = [state.drag.x, clamp(event.clientX, left, left + width)].sort((a, b) => a - b);
    drawn.style.left = `${from - box.left}px`;
    drawn.style.width = `${to - from}px`;
    drawn.hidden = false;
    state.drag.to = timeAt(event);
  });
  const finish = (zoom) => {
    const { drag } = state;
    state.drag = null;
    const moved = !drawn.hidden;
    drawn.hidden = true;
    if (zoom && drag && moved && drag.to !== drag.at) onWindow([Math.min(drag.at, drag.to), Math.max(drag.at, drag.to)]);
    state.moved = moved;
  };
  scroll.addEventListener("pointerup", () => finish(true));
  scroll.addEventListener("pointercancel", () => finish(false));
  scroll.addEventListener("click", (event) => {
    const row = rowAt(event);
    if (state.moved) state.moved = false; // the end of a drag is not a click
    else if (row !== null && event.target.classList.contains("obskit-toggle") && event.target.textContent) onToggle(row);
    else if (row !== null) onSelect(row);
  });
  scroll.addEventListener("dblclick", (event) => {
    if (event.clientX >= timeline().left) onWindow([0, state.view.length]);
    else if (rowAt(event) !== null) onToggle(rowAt(event));
  });
  scroll.addEventListener(
    "wheel",
    (event) => {
      const [low, high] = state.window;
      const sideways = event.shiftKey ? event.deltaY || event.deltaX : Math.abs(event.deltaX) > Math.abs(event.deltaY) ? event.deltaX : 0;
      if (event.ctrlKey || event.metaKey) {
        const at = timeAt(event);
        const by = 1.0015 ** event.deltaY;
        onWindow([at - (at - low) * by, at + (high - at) * by]);
      } else if (sideways) {
        const by = clamp((sideways / timeline().width) * (high - low), -low, state.view.length - high);
        onWindow([low + by, high + by]);
      } else return;
      event.preventDefault();
    },
    { passive: false },
  );
  scroll.addEventListener("keydown", (event) => {
    if (state.drag && event.key === "Escape") finish(false);
    else onKey(event);
  });
  const watch = new ResizeObserver(redraw);
  watch.observe(scroll);

  return {
    node,
    show(trace, view) {
      Object.assign(state, { trace, view });
      heads[1].textContent = view.compared ? view.headings[0] : "Duration";
      heads[2].textContent = view.compared ? view.headings[1] : "Self time";
      scroll.style.setProperty("--ok-rows", Math.min(24, Math.max(4, trace.count)));
    },
    rows(rows, collapsed) {
      Object.assign(state, { rows, collapsed });
      layout();
    },
    look(window) {
      state.window = window;
      redraw();
    },
    select(row, place) {
      state.selected = row;
      const top = place * ROW;
      const room = scroll.clientHeight - head.offsetHeight;
      if (place >= 0 && (top < scroll.scrollTop || top + ROW > scroll.scrollTop + room)) scroll.scrollTop = Math.max(0, top - room / 2);
      render(true);
    },
    mark(hits) {
      state.hits = hits;
      render(true);
    },
    set(options) {
      Object.assign(state, options);
      render(true);
    },
    page: () => Math.max(1, Math.floor(scroll.clientHeight / ROW) - 2),
    focus: () => scroll.focus({ preventScroll: true }),
    stop: () => watch.disconnect(),
  };
}
