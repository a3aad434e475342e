// The overview of a trace: all its rows at once, and a scrubber for the stretch of time that the rows show.

/** Return {node, show(trace, view), look(window), theme()}; `onWindow([from, to])` is in ms from the start. */
function makeOverview({ onWindow, say }) {
  const canvas = h("canvas", { "aria-hidden": "true" });
  const shades = [h("div", { class: "obskit-shade" }), h("div", { class: "obskit-shade" })];
  const frame = h("div", { class: "obskit-frame" });
  const handles = ["Start", "End"].map((name) =>
    h("div", { class: "obskit-handle", role: "slider", tabindex: "0", "aria-label": `${name} of the time shown`, "aria-orientation": "horizontal" }),
  );
  const node = h("div", { class: "obskit-overview" }, canvas, ...shades, frame, ...handles);
  const state = { trace: null, view: null, window: [0, 1], drag: null, corrected: true, only: null };

  function paint() {
    const { trace, view } = state;
    if (!trace) return;
    const ratio = Math.min(devicePixelRatio || 1, 2);
    const width = Math.max(1, Math.round(node.clientWidth * ratio));
    const height = Math.max(1, Math.round(node.clientHeight * ratio));
    canvas.width = width;
    canvas.height = height;
    const brush = canvas.getContext("2d");
    const ink = getComputedStyle(node).color;
    const thick = Math.max(1, Math.min(5 * ratio, height / Math.max(1, trace.count)) * 0.8);
    const x = (ms) => (ms / view.length) * width;
    for (let pass = 0; pass < 2; pass += 1) {
      // Errors are painted last, for many rows share a line of pixels.
      for (let row = 0; row < trace.count; row += 1) {
        const failed = Boolean(trace.flags[row] & (FAILED | OTHER_FAILED));
        if (failed !== (pass === 1)) continue;
        const start = Number.isFinite(trace.start[row]) ? trace.start[row] + (state.corrected ? trace.shift[row] : 0) : trace.otherStart[row];
        if (!Number.isFinite(start)) continue;
        const length = Number.isFinite(trace.duration[row]) ? trace.duration[row] : (trace.otherDuration[row] ?? 0);
        brush.fillStyle = failed ? view.error : view.services[trace.service[row]].color;
        brush.fillRect(x(start), (row / trace.count) * height, Math.max(1, x(Number.isFinite(length) ? length : 0)), thick);
      }
    }
    brush.fillStyle = ink;
    trace.pathRow.forEach((row, at) => {
      const top = ((row + 0.5) / trace.count) * height;
      brush.fillRect(x(trace.pathFrom[at]), top, Math.max(1, x(trace.pathTo[at] - trace.pathFrom[at])), Math.max(1, ratio * 0.75));
    });
  }

  function place() {
    const [from, to] = state.window;
    const length = state.view?.length ?? 1;
    const [left, right] = [clamp(from / length, 0, 1), clamp(to / length, 0, 1)];
    shades[0].style.cssText = `left:0;width:${100 * left}%`;
    shades[1].style.cssText = `left:${100 * right}%;width:${100 * (1 - right)}%`;
    frame.style.cssText = `left:${100 * left}%;width:${100 * (right - left)}%`;
    [left, right].forEach((at, which) => {
      handles[which].style.left = `clamp(6px, ${100 * at}%, 100% - 6px)`; // whole at the ends, too
      handles[which].setAttribute("aria-valuemin", "0");
      handles[which].setAttribute("aria-valuemax", String(length));
      handles[which].setAttribute("aria-valuenow", String(state.window[which]));
      handles[which].setAttribute("aria-valuetext", lasting(state.window[which]));
    });
  }

  const fraction = (event) => {
    const box = node.getBoundingClientRect();
    return clamp((event.clientX - box.left) / box.width, 0, 1);
  };
  node.addEventListener("pointerdown", (event) => {
    if (event.button !== 0 || !state.view) return;
    const handle = handles.indexOf(event.target);
    const at = fraction(event) * state.view.length;
    const whole = state.window[0] <= 0 && state.window[1] >= state.view.length;
    const inside = at >= state.window[0] && at <= state.window[1] && !whole;
    state.drag = { kind: handle >= 0 ? handle : inside ? "pan" : "new", at, window: [...state.window] };
    node.setPointerCapture(event.pointerId);
    event.preventDefault();
    (handle >= 0 ? handles[handle] : handles[0]).focus({ preventScroll: true });
  });
  node.addEventListener("pointermove", (event) => {
    if (!state.drag) return;
    const { kind, at, window } = state.drag;
    const now = fraction(event) * state.view.length;
    if (kind === "pan") {
      const by = clamp(now - at, -window[0], state.view.length - window[1]);
      onWindow([window[0] + by, window[1] + by]);
    } else if (kind === "new") {
      if (Math.abs(now - at) > state.view.length / 300) onWindow([Math.min(at, now), Math.max(at, now)]);
    } else {
      const ends = [...window];
      ends[kind] = now;
      onWindow([Math.min(...ends), Math.max(...ends)]);
    }
  });
  for (const name of ["pointerup", "pointercancel"]) node.addEventListener(name, () => (state.drag = null));
  node.addEventListener("dblclick", () => state.view && onWindow([0, state.view.length]));
  handles.forEach((handle, which) =>
    handle.addEventListener("keydown", (event) => {
      const [from, to] = state.window;
      const step = (to - from) / (event.shiftKey ? 4 : 20);
      const move = { ArrowLeft: -step, ArrowDown: -step, ArrowRight: step, ArrowUp: step, Home: -Infinity, End: Infinity }[event.key];
      if (move === undefined || !state.view) return;
      event.preventDefault();
      event.stopPropagation();
      const ends = [from, to];
      ends[which] = which === 0 ? clamp(from + move, 0, to) : clamp(to + move, from, state.view.length);
      onWindow(ends);
      say(`${lasting(ends[0])} to ${lasting(ends[1])}`);
    }),
  );
  const watch = new ResizeObserver(paint);
  watch.observe(node);
  return {
    node,
    show(trace, view) {
      Object.assign(state, { trace, view });
      paint();
      place();
    },
    look(window) {
      state.window = window;
      place();
    },
    correct(corrected) {
      state.corrected = corrected;
      paint();
    },
    theme: paint,
    stop: () => watch.disconnect(),
  };
}
