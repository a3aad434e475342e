// Lines over time above the picture, on the same axis: rate, errors, percentiles, or a line for each group.

const SVG = "http://www.w3.org/2000/svg";
const STROKES = ["", "5 3", "1.5 2.5", "8 3 2 3", "3 6", "12 3"];

/**
 * Return {node, show(strip, view), mark(brush)}; `onBrush` gets {x0, x1, y0: null, y1: null, errors}: a stretch of
 * the line of errors selects the errors.
 */
function makeStrip({ onBrush, onClear, say }) {
  const node = h("div", {
    class: "obskit-strip",
    tabindex: "0",
    role: "application",
    "aria-roledescription": "lines over time",
    "aria-label": "Lines over time. Arrow keys read a point, Shift + arrow keys select a stretch of time, Enter explains it, Shift + Enter explains its errors, Escape clears it.",
    hidden: true,
  });
  const readout = h("div", { class: "obskit-readout obskit-strip-readout", "aria-hidden": "true" });
  const block = h("div", { class: "obskit-strip-block" }, node, readout);
  const state = { strip: null, view: null, brush: null, drag: null, at: null, anchor: null, layers: [] };

  const fraction = (value) => {
    const { low, high } = state.view.x;
    return high > low ? (value - low) / (high - low) : 0.5;
  };
  const time = (at) => state.view.x.low + at * (state.view.x.high - state.view.x.low);
  const shown = (value, unit) => {
    if (value === null || value === undefined) return "none";
    return unit === "%" ? `${readable(100 * value)}%` : `${readable(value)}${unit ? ` ${unit}` : ""}`;
  };

  function path(values, top) {
    const { start, step } = state.strip;
    let out = "";
    let pen = false;
    values.forEach((value, at) => {
      if (value === null) {
        pen = false;
        return;
      }
      const x = 1000 * clamp(fraction(start + (at + 0.5) * step), 0, 1);
      const y = 38 - 36 * clamp(value / top, 0, 1);
      out += `${pen ? "L" : "M"}${x.toFixed(1)} ${y.toFixed(1)}`;
      if (!pen) out += "h0.1"; // a point on its own is a dot
      pen = true;
    });
    return out;
  }

  function line({ key: of, title, unit, series }) {
    const most = Math.max(0, ...series.flatMap(({ values }) => values.map((value) => value ?? 0)));
    const top = most || 1; // a line of zeros is at the bottom
    const drawing = document.createElementNS(SVG, "svg");
    drawing.setAttribute("viewBox", "0 0 1000 40");
    drawing.setAttribute("preserveAspectRatio", "none");
    drawing.setAttribute("aria-hidden", "true");
    series.forEach(({ values }, at) => {
      const one = document.createElementNS(SVG, "path");
      one.setAttribute("d", path(values, top));
      one.setAttribute("class", `obskit-line obskit-line-${at % STROKES.length}`);
      if (STROKES[at % STROKES.length]) one.setAttribute("stroke-dasharray", STROKES[at % STROKES.length]);
      drawing.append(one);
    });
    const key = (name, at) => {
      const sample = document.createElementNS(SVG, "svg");
      sample.setAttribute("viewBox", "0 0 18 8");
      sample.setAttribute("class", "obskit-line-key");
      const stroke = document.createElementNS(SVG, "path");
      stroke.setAttribute("d", "M0 4H18");
      stroke.setAttribute("class", `obskit-line obskit-line-${at % STROKES.length}`);
      if (STROKES[at % STROKES.length]) stroke.setAttribute("stroke-dasharray", STROKES[at % STROKES.length]);
      sample.append(stroke);
      return h("span", {}, sample, name);
    };
    const names = series.length > 1 ? series.map(({ name }, at) => key(name, at)) : [];
    const layer = h("div", { class: "obskit-layer" });
    state.layers.push({ layer, of });
    return [
      h("div", { class: "obskit-line-top", "aria-hidden": "true", title: `the highest value is ${shown(most, unit)}`, text: shown(most, unit) }),
      h("div", {}, h("div", { class: "obskit-line-title" }, h("span", { text: title }), ...names), h("div", { class: "obskit-line-area", "data-line": of, title: of === "errors" ? "Drag to explain the errors of a stretch of time" : null }, drawing, layer)),
    ];
  }

  function overlays() {
    const { view, brush, at, anchor } = state;
    if (!view) return;
    const stretch = state.drag ?? (anchor === null ? null : [anchor, at].map((one) => fraction(state.strip.start + (one + 0.5) * state.strip.step)));
    for (const { layer, of } of state.layers) {
      const parts = (view.markers ?? []).map((marker) => {
        const mark = h("div", { class: "obskit-marker", title: marker.title ?? marker.label });
        mark.style.left = `${100 * fraction(marker.at)}%`;
        return mark;
      });
      if (view.incomplete_from) {
        const hatch = h("div", { class: "obskit-hatch" });
        hatch.style.left = `${100 * clamp(fraction(view.incomplete_from), 0, 1)}%`;
        parts.push(hatch);
      }
      const marked = brush && (!brush.errors || of === "errors"); // where the box was drawn
      const ends = stretch ?? (marked && (brush.errors || brush.x0 !== null || brush.x1 !== null) ? [brush.x0 === null ? 0 : fraction(brush.x0), brush.x1 === null ? 1 : fraction(brush.x1)] : null);
      if (ends) {
        const [low, high] = [Math.min(...ends), Math.max(...ends)].map((one) => clamp(one, 0, 1));
        const box = h("div", { class: "obskit-stretch" });
        box.style.left = `${100 * low}%`;
        box.style.width = `${100 * (high - low)}%`;
        parts.push(box);
      }
      if (at !== null) {
        const cursor = h("div", { class: "obskit-line-cursor" });
        cursor.style.left = `${100 * clamp(fraction(state.strip.start + (at + 0.5) * state.strip.step), 0, 1)}%`;
        parts.push(cursor);
      }
      layer.replaceChildren(...parts);
    }
  }

  function describe(at) {
    const { start, step, lines } = state.strip;
    const values = lines.flatMap(({ title, unit, series }) => series.map(({ name, values }) => `${series.length > 1 ? name : title} ${shown(values[at], unit)}`));
    return `${clock(start + at * step, Math.min(step, 1e6 * 60), state.view.x.zone)}, ${state.strip.every}: ${values.join(", ")}`;
  }

  const count = () => state.strip.lines[0].series[0].values.length;
  const inside = (event) => {
    const rect = node.querySelector(".obskit-line-area").getBoundingClientRect();
    return clamp((event.clientX - rect.left) / rect.width, 0, 1);
  };
  const pointed = (at) => clamp(Math.floor((time(at) - state.strip.start) / state.strip.step), 0, count() - 1);
  /** Hand over a stretch of fractions; a side on the rim is open. */
  const commit = (low, high, errors) => onBrush({ x0: low <= 0.004 ? null : time(low), x1: high >= 0.996 ? null : time(high), y0: null, y1: null, errors });
  const hasErrors = () => state.strip.lines.some(({ key }) => key === "errors");

  let began = null;
  node.addEventListener("pointerdown", (event) => {
    if (event.button !== 0 || !state.strip) return;
    began = { x: event.clientX, at: inside(event), errors: event.target.closest?.("[data-line]")?.dataset.line === "errors" };
    node.setPointerCapture(event.pointerId);
    node.focus({ preventScroll: true });
    event.preventDefault();
  });
  node.addEventListener("pointermove", (event) => {
    if (!state.strip) return;
    state.at = pointed(inside(event));
    if (began) state.drag = [began.at, inside(event)];
    readout.textContent = describe(state.at);
    overlays();
  });
  node.addEventListener("pointerleave", () => {
    if (began) return;
    state.at = null;
    readout.textContent = "";
    if (state.strip) overlays();
  });
  node.addEventListener("pointerup", (event) => {
    if (!began) return;
    const [from, to] = [began.at, inside(event)];
    const { errors, x } = began;
    began = state.drag = null;
    if (Math.abs(event.clientX - x) >= 4) commit(Math.min(from, to), Math.max(from, to), errors);
    else onClear();
  });
  node.addEventListener("pointercancel", () => {
    began = state.drag = null;
    overlays();
  });
  node.addEventListener("keydown", (event) => {
    if (!state.strip || !["ArrowLeft", "ArrowRight", "Enter", "Escape"].includes(event.key)) return;
    event.preventDefault();
    event.stopPropagation();
    if (event.key === "Escape") {
      state.anchor = state.at = null;
      onClear();
    } else if (event.key === "Enter") {
      if (state.anchor === null) return;
      const { start, step } = state.strip;
      const [low, high] = [Math.min(state.anchor, state.at), Math.max(state.anchor, state.at)];
      state.anchor = null;
      commit(fraction(start + low * step), fraction(start + (high + 1) * step), event.shiftKey && hasErrors());
    } else {
      const next = clamp((state.at ?? Math.floor(count() / 2)) + (event.key === "ArrowLeft" ? -1 : 1) * (event.ctrlKey ? 10 : 1), 0, count() - 1);
      if (event.shiftKey) state.anchor ??= state.at ?? next;
      else state.anchor = null;
      state.at = next;
      readout.textContent = describe(next);
      say(readout.textContent);
    }
    overlays();
  });

  return {
    node: block,
    show(strip, view) {
      state.layers = [];
      state.at = state.anchor = null;
      state.strip = strip?.lines?.length ? strip : null;
      state.view = view;
      node.hidden = !state.strip || !view?.x;
      readout.textContent = "";
      if (node.hidden) return;
      node.replaceChildren(...strip.lines.flatMap(line));
      overlays();
    },
    mark(brush) {
      state.brush = brush;
      if (state.strip) overlays();
    },
  };
}
