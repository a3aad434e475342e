// The heatmap: a canvas of one pixel a cell, stretched by the browser; all else is placed over it in percent.

/** Return {node, show(view, bytes), mark(brush), theme(dark)}; `onBrush` gets {x0, x1, y0, y1}, null = open. */
function makePlot({ onBrush, onClear, say }) {
  const canvas = h("canvas", { "aria-hidden": "true" });
  const hatch = h("div", { class: "obskit-hatch", hidden: true });
  const markers = h("div", { class: "obskit-layer" });
  const cursor = h("div", { class: "obskit-cursor", hidden: true });
  const box = h("div", { class: "obskit-box", hidden: true });
  const empty = h("div", { class: "obskit-empty", hidden: true });
  const area = h(
    "div",
    {
      class: "obskit-area",
      tabindex: "0",
      role: "application",
      "aria-roledescription": "heatmap",
      "aria-label": "Heatmap. Arrow keys move, Shift + arrow keys draw a box, Enter explains it, Escape clears it.",
    },
    canvas, hatch, box, markers, cursor, empty,
  );
  const xAxis = h("div", { class: "obskit-x", "aria-hidden": "true" });
  const yAxis = h("div", { class: "obskit-y", "aria-hidden": "true" });
  const scale = h("div", { class: "obskit-scale" });
  const incomplete = h("div", { class: "obskit-incomplete" });
  const readout = h("div", { class: "obskit-readout", "aria-hidden": "true" });
  const node = h("div", { class: "obskit-plot" }, yAxis, area, xAxis, h("div", { class: "obskit-foot" }, readout, scale, incomplete));

  const state = { view: null, grid: null, dark: false, cell: null, anchor: null, drag: null, brush: null };

  // Positions are fractions of the area: x from the left, y from the bottom.
  const toFraction = (axis, value) => {
    const { low, high } = axis;
    if (!(high > low)) return 0.5;
    return axis.log ? Math.log(value / low) / Math.log(high / low) : (value - low) / (high - low);
  };
  const toValue = (axis, fraction) => {
    const { low, high } = axis;
    return axis.log ? low * (high / low) ** fraction : low + (high - low) * fraction;
  };
  const say_x = (value) => (state.view.x.time ? clock(value, (state.view.x.high - state.view.x.low) / 2000, state.view.x.zone) : readable(value));

  function paint() {
    const { view, grid, dark } = state;
    if (!view || !grid) return;
    const { columns, rows } = view;
    canvas.width = Math.max(1, columns);
    canvas.height = Math.max(1, rows);
    let most = 0;
    for (const count of grid) if (count > most) most = count;
    empty.hidden = most > 0;
    empty.textContent = view.empty ?? "No events to draw.";
    const stops = (dark ? view.ramp.dark : view.ramp.light).map((text) => [1, 3, 5].map((at) => parseInt(text.slice(at, at + 2), 16)));
    const image = new ImageData(canvas.width, canvas.height);
    const top = Math.log(Math.max(most, 2));
    for (let row = 0; row < rows; row += 1) {
      for (let column = 0; column < columns; column += 1) {
        const count = grid[row * columns + column];
        if (!count) continue; // empty is not zero: it keeps the page's colour
        const level = (Math.log(count) / top) * (stops.length - 1);
        const stop = Math.min(Math.floor(level), stops.length - 2);
        const at = 4 * ((rows - 1 - row) * columns + column);
        for (let channel = 0; channel < 3; channel += 1) {
          image.data[at + channel] = stops[stop][channel] + (stops[stop + 1][channel] - stops[stop][channel]) * (level - stop);
        }
        image.data[at + 3] = 255;
      }
    }
    canvas.getContext("2d").putImageData(image, 0, 0);
    const bar = h("span", { class: "obskit-ramp" });
    bar.style.background = `linear-gradient(to right, ${(dark ? view.ramp.dark : view.ramp.light).join(",")})`;
    scale.replaceChildren(...(most ? ["1", bar, `${readable(most)} events per cell (log)`] : []));
  }

  function axes() {
    const { view } = state;
    if (!view) return;
    const width = area.clientWidth || 600;
    xAxis.replaceChildren(
      ...ticks(view.x, Math.max(2, width / 75)).map(({ at, text, day }) => {
        const tick = h("span", {}, text, day ? h("small", { text: day }) : null);
        tick.style.left = `${100 * toFraction(view.x, at)}%`;
        return tick;
      }),
      h("b", { text: view.x.time ? `${view.x.field} (${view.x.zone === "local" ? "local time" : "UTC"})` : view.x.field }),
    );
    // A row of its own per name, or a scale of numbers.
    const named = view.y.labels?.map((text, at, all) => ({ text, at: view.y.low + ((view.y.high - view.y.low) * (at + 0.5)) / all.length }));
    yAxis.replaceChildren(
      ...(named ?? ticks(view.y, 7)).map(({ at, text }) => {
        const tick = h("span", { text });
        tick.style.bottom = `${100 * toFraction(view.y, at)}%`;
        return tick;
      }),
      h("b", { text: `↑ ${view.y.field}${view.y.unit ? ` (${view.y.unit})` : ""}${view.y.log ? ", log scale" : ""}` }),
    );
    const ends = [0, 0, 0, 0]; // where the last label of each line ends, in pixels
    markers.replaceChildren(
      ...view.markers.map(({ at, label, title }) => {
        const left = toFraction(view.x, at);
        const line = h("div", { class: "obskit-marker", title: title ?? label }, h("span", { text: label }));
        line.style.left = `${100 * left}%`;
        const wide = Math.min(180, 12 + 6.5 * label.length);
        const flip = left * width + wide > width;
        const begin = flip ? left * width - wide : left * width;
        const free = ends.findIndex((end) => end <= begin);
        const level = free < 0 ? ends.indexOf(Math.min(...ends)) : free;
        ends[level] = begin + wide;
        line.classList.toggle("obskit-flip", flip);
        line.firstChild.style.top = `${19 * level}px`;
        return line;
      }),
    );
    hatch.hidden = view.incomplete_from === null || view.incomplete_from === undefined;
    incomplete.textContent = hatch.hidden ? "" : (view.incomplete ?? "");
    if (!hatch.hidden) {
      hatch.style.left = `${100 * clamp(toFraction(view.x, view.incomplete_from), 0, 1)}%`;
      hatch.title = view.incomplete ?? "";
    }
  }

  function place(target, { x0, x1, y0, y1 }) {
    target.style.left = `${100 * clamp(x0, 0, 1)}%`;
    target.style.width = `${100 * (clamp(x1, 0, 1) - clamp(x0, 0, 1))}%`;
    target.style.bottom = `${100 * clamp(y0, 0, 1)}%`;
    target.style.height = `${100 * (clamp(y1, 0, 1) - clamp(y0, 0, 1))}%`;
    target.hidden = false;
  }

  function mark(brush) {
    state.brush = brush;
    if (!brush || !state.view) {
      box.hidden = true;
      return;
    }
    const { x, y } = state.view;
    box.classList.toggle("obskit-box-errors", Boolean(brush.errors)); // it holds only some of the events
    place(box, {
      x0: brush.x0 === null ? 0 : toFraction(x, brush.x0),
      x1: brush.x1 === null ? 1 : toFraction(x, brush.x1),
      y0: brush.y0 === null ? 0 : toFraction(y, brush.y0),
      y1: brush.y1 === null ? 1 : toFraction(y, brush.y1),
    });
  }

  /** Hand over a box of fractions: a side on the rim is open, so nothing beyond the picture is lost. */
  function commit(drawn) {
    const { x, y } = state.view;
    const fractions = snapped(drawn);
    const rim = 0.004;
    onBrush({
      x0: fractions.x0 <= rim ? null : toValue(x, fractions.x0),
      x1: fractions.x1 >= 1 - rim ? null : toValue(x, fractions.x1),
      y0: fractions.y0 <= rim ? null : toValue(y, fractions.y0),
      y1: fractions.y1 >= 1 - rim ? null : toValue(y, fractions.y1),
    });
  }

  /** The box with whole rows, where rows have names. */
  function snapped(fractions) {
    const rows = state.view.y.labels?.length;
    if (!rows) return fractions;
    const y0 = Math.min(Math.floor(fractions.y0 * rows + 1e-9), rows - 1);
    return { ...fractions, y0: y0 / rows, y1: Math.max(Math.ceil(fractions.y1 * rows - 1e-9), y0 + 1) / rows };
  }

  const within = (event) => {
    const rect = area.getBoundingClientRect();
    return { x: clamp((event.clientX - rect.left) / rect.width, 0, 1), y: clamp(1 - (event.clientY - rect.top) / rect.height, 0, 1) };
  };
  const between = (a, b) => ({ x0: Math.min(a.x, b.x), x1: Math.max(a.x, b.x), y0: Math.min(a.y, b.y), y1: Math.max(a.y, b.y) });
  const range = (fractions) => {
    const { x0, x1, y0, y1 } = snapped(fractions);
    const { x, y } = state.view;
    const across = `${say_x(toValue(x, x0))} – ${say_x(toValue(x, x1))}`;
    if (y.labels) {
      const rows = y.labels.slice(Math.round(y0 * y.labels.length), Math.round(y1 * y.labels.length));
      return `${across}, ${rows.length > 1 ? `${rows[0]} – ${rows.at(-1)}` : rows[0]}`;
    }
    return `${say_x(toValue(x, x0))} – ${say_x(toValue(x, x1))}, ${readable(toValue(y, y0))} – ${readable(toValue(y, y1))} ${y.unit ?? ""}`;
  };
  function describe({ column, row }) {
    const { columns, rows, x, y } = state.view;
    const cell = { x0: column / columns, x1: (column + 1) / columns, y0: row / rows, y1: (row + 1) / rows };
    const count = state.grid[row * columns + column];
    return `${range(cell)}: ${count ? `${count.toLocaleString("en-US")} ${count === 1 ? "event" : "events"}` : "no events"}`;
  }
  const cellAt = ({ x, y }) => ({
    column: clamp(Math.floor(x * state.view.columns), 0, state.view.columns - 1),
    row: clamp(Math.floor(y * state.view.rows), 0, state.view.rows - 1),
  });

  area.addEventListener("pointerdown", (event) => {
    if (event.button !== 0 || !state.view) return;
    state.drag = { from: within(event), startX: event.clientX, startY: event.clientY };
    state.anchor = null;
    cursor.hidden = true;
    area.setPointerCapture(event.pointerId);
    area.focus({ preventScroll: true });
    event.preventDefault(); // no text selection, no drag of the picture
  });
  area.addEventListener("pointermove", (event) => {
    if (!state.view) return;
    const at = within(event);
    if (state.drag) {
      const fractions = between(state.drag.from, at);
      place(box, snapped(fractions));
      readout.textContent = range(fractions);
    } else readout.textContent = describe(cellAt(at));
  });
  area.addEventListener("pointerleave", () => {
    if (!state.drag) readout.textContent = HINT;
  });
  area.addEventListener("pointerup", (event) => {
    if (!state.drag) return;
    const { from, startX, startY } = state.drag;
    state.drag = null;
    if (Math.abs(event.clientX - startX) < 4 && Math.abs(event.clientY - startY) < 4) {
      mark(null);
      onClear();
    } else commit(between(from, within(event)));
  });
  area.addEventListener("pointercancel", () => {
    state.drag = null;
    mark(state.brush);
  });

  const cellBox = (a, b) => ({
    x0: Math.min(a.column, b.column) / state.view.columns,
    x1: (Math.max(a.column, b.column) + 1) / state.view.columns,
    y0: Math.min(a.row, b.row) / state.view.rows,
    y1: (Math.max(a.row, b.row) + 1) / state.view.rows,
  });
  area.addEventListener("keydown", (event) => {
    const move = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] }[event.key];
    if (!state.view || !(move || ["Enter", " ", "Escape"].includes(event.key))) return;
    event.preventDefault();
    event.stopPropagation();
    const { columns, rows } = state.view;
    state.cell ??= { column: Math.floor(columns / 2), row: Math.floor(rows / 2) };
    if (move) {
      const step = event.ctrlKey || event.altKey ? 10 : 1;
      if (event.shiftKey) state.anchor ??= state.cell;
      state.cell = {
        column: clamp(state.cell.column + step * move[0], 0, columns - 1),
        row: clamp(state.cell.row + step * move[1], 0, rows - 1),
      };
      place(cursor, cellBox(state.cell, state.cell));
      if (state.anchor) {
        place(box, cellBox(state.anchor, state.cell));
        say(`Box ${(readout.textContent = range(cellBox(state.anchor, state.cell)))}`);
      } else say((readout.textContent = describe(state.cell)));
    } else if (event.key === "Escape") {
      state.anchor = null;
      cursor.hidden = true;
      mark(null);
      onClear();
    } else if (state.anchor) {
      commit(cellBox(state.anchor, state.cell));
      state.anchor = null;
    } else {
      state.anchor = state.cell;
      place(cursor, cellBox(state.cell, state.cell));
      place(box, cellBox(state.cell, state.cell));
      say("Box started. Arrow keys resize it, Enter explains it.");
    }
  });

  const watch = new ResizeObserver(axes);
  watch.observe(area);
  readout.textContent = HINT;
  return {
    node,
    mark,
    show(view, bytes) {
      state.view = view;
      // A copy, for the bytes of a message need not begin at a multiple of four.
      state.grid = new Uint32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength));
      state.cell = state.anchor = null;
      cursor.hidden = true;
      paint();
      axes();
      mark(state.brush);
    },
    /** Show the times in another zone. */
    zone() {
      axes();
    },
    theme(dark) {
      state.dark = dark;
      paint();
    },
    dragging: () => state.drag !== null || state.anchor !== null,
    stop: () => watch.disconnect(),
  };
}

const HINT = "Drag to draw a box and explain it; click to clear it. Keyboard: arrow keys, Shift + arrow keys, Enter, Escape.";
