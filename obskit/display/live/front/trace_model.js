// The trace that Python sent: arrays by row, and which rows are shown.

const FAILED = 1, MISSING = 2, RING = 4, UNTIMED = 8, ONLY_OTHER = 16, OTHER_FAILED = 32, RECORD = 64, LINKED = 128;

/** Read the bytes of a trace; null if they do not have the size that the view says. */
function readTrace(view, cells) {
  const { rows, path, marks } = view.counts;
  // A copy, for the bytes of a message need not begin at a multiple of eight.
  const bytes = cells.buffer.slice(cells.byteOffset, cells.byteOffset + cells.byteLength);
  let at = 0;
  const take = (kind, count) => {
    const array = new kind(bytes.slice(at, at + count * kind.BYTES_PER_ELEMENT));
    at += count * kind.BYTES_PER_ELEMENT;
    return array;
  };
  const compared = view.compared ? rows : 0;
  const need = 8 * (4 * rows + 2 * compared + 2 * path + marks) + 4 * (2 * rows + path + marks) + 5 * rows + marks;
  if (bytes.byteLength !== need) return null;
  const trace = {
    count: rows,
    start: take(Float64Array, rows), shift: take(Float64Array, rows), duration: take(Float64Array, rows), own: take(Float64Array, rows),
    otherStart: take(Float64Array, compared), otherDuration: take(Float64Array, compared),
    pathFrom: take(Float64Array, path), pathTo: take(Float64Array, path), markAt: take(Float64Array, marks),
    parent: take(Int32Array, rows), name: take(Uint32Array, rows), pathRow: take(Int32Array, path), markRow: take(Int32Array, marks),
    depth: take(Uint16Array, rows), service: take(Uint16Array, rows), flags: take(Uint8Array, rows), markKind: take(Uint8Array, marks),
  };
  trace.pathOf = grouped(trace.pathRow);
  trace.marksOf = grouped(trace.markRow);
  // The last row below each row; parents come before their children.
  trace.last = Int32Array.from({ length: rows }, (_, row) => row);
  for (let row = rows - 1; row >= 0; row -= 1) {
    const parent = trace.parent[row];
    if (parent >= 0 && trace.last[row] > trace.last[parent]) trace.last[parent] = trace.last[row];
  }
  return trace;
}

/** Which places of an array hold each value. */
function grouped(values) {
  const out = new Map();
  values.forEach((value, at) => (out.has(value) ? out.get(value).push(at) : out.set(value, [at])));
  return out;
}

/** The rows that are shown, in order, when the rows in `collapsed` hide what is below them. */
function shownRows(trace, collapsed) {
  const out = [];
  for (let row = 0; row < trace.count; row += 1) {
    out.push(row);
    if (collapsed.has(row)) row = trace.last[row];
  }
  return Int32Array.from(out);
}

/** A length of time as people read it: 12.3 ms, 1.23 s; empty if unknown. */
function lasting(ms) {
  if (!Number.isFinite(ms)) return "";
  const size = Math.abs(ms);
  if (size >= 7.2e6) return `${readable(ms / 3.6e6)} h`;
  if (size >= 1.2e5) return `${readable(ms / 6e4)} min`;
  if (size >= 1e3) return `${readable(ms / 1e3)} s`;
  if (size >= 1 || size === 0) return `${readable(ms)} ms`;
  return `${readable(ms * 1e3)} µs`;
}

/** Ticks of a time axis in ms from the start, as {at, text}; at most about `most`, at round numbers. */
function timeTicks(low, high, most) {
  const span = (high - low) / Math.max(1, most);
  if (!(span > 0)) return [];
  const power = 10 ** Math.floor(Math.log10(span));
  const step = power * ([1, 2, 5].find((part) => part * power >= span) ?? 10);
  const [unit, length] = high >= 1.2e5 ? ["min", 6e4] : high >= 1e3 ? ["s", 1e3] : high >= 1 ? ["ms", 1] : ["µs", 1e-3];
  const digits = clamp(Math.ceil(-Math.log10(step / length) - 1e-9), 0, 9);
  const out = [];
  for (let n = Math.ceil(low / step - 1e-9); n * step <= high && out.length < 200; n += 1) {
    out.push({ at: n * step, text: `${((n * step) / length).toFixed(digits)} ${unit}` });
  }
  return out;
}
