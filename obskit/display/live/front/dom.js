// Small helpers without knowledge of events. Text from the data only ever becomes a text node.

/** Make an element: "on..." keys listen, "text" is text, children are nodes or text. */
function h(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [key, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (key.startsWith("on")) node.addEventListener(key.slice(2), value);
    else if (key === "text") node.textContent = value;
    else node.setAttribute(key, value === true ? "" : value);
  }
  node.append(...children.filter((child) => child !== null && child !== undefined));
  return node;
}

const clamp = (value, low, high) => Math.min(high, Math.max(low, value));

const pad = (value, width = 2) => String(value).padStart(width, "0");

/** A number as people read it: grouped when large, three digits when small. */
function readable(value) {
  if (!Number.isFinite(value)) return "?";
  if (value === 0) return "0";
  const size = Math.abs(value);
  if (size >= 1e9 || size < 1e-4) return value.toExponential(2);
  if (size >= 1000) return Math.round(value).toLocaleString("en-US");
  return String(Number(value.toPrecision(3)));
}

/** By how many microseconds the clock of a zone is ahead of UTC at a time. */
const aheadOfUtc = (micros, zone) => (zone === "local" ? -new Date(micros / 1000).getTimezoneOffset() * 60e6 : 0);

/** Time of microseconds since 1970, as exact as the step requires; in UTC, or in the browser's zone ("local"). */
function clock(micros, step = 1e6, zone = "utc") {
  const at = new Date((micros + aheadOfUtc(micros, zone)) / 1000);
  if (Number.isNaN(at.getTime())) return "?";
  const day = `${at.getUTCFullYear()}-${pad(at.getUTCMonth() + 1)}-${pad(at.getUTCDate())}`;
  if (step >= 86400e6) return day;
  let text = `${pad(at.getUTCHours())}:${pad(at.getUTCMinutes())}`;
  if (step < 60e6) text += `:${pad(at.getUTCSeconds())}`;
  if (step < 1e6) text += `.${pad(at.getUTCMilliseconds(), 3)}`;
  return text;
}

/** Whether an axis of time covers several days, so that a time of day alone is ambiguous; also if it isn't one. */
const severalDays = ({ low, high, time, zone }) => !time || clock(low, 86400e6, zone) !== clock(Math.max(low, high - 1), 86400e6, zone);

/** A time of day, with its date if asked. */
const dated = (micros, step, zone, withDate) => `${withDate ? `${clock(micros, 86400e6, zone)} ` : ""}${clock(micros, step, zone)}`;

const TIME_STEPS = [1e3, 1e4, 1e5, 1e6, 5e6, 15e6, 30e6, 60e6, 300e6, 900e6, 1800e6, 3600e6, 10800e6, 21600e6, 43200e6];

/** Ticks of an axis as {at, text, day?}; at most about `most` of them. */
function ticks(axis, most) {
  const { low, high } = axis;
  const out = [];
  if (!(high > low)) return [{ at: low, text: axis.time ? clock(low, 1e6, axis.zone) : readable(low) }];
  if (axis.log) {
    const decades = Math.log10(high / low);
    const parts = decades > most / 2 ? [1] : decades > most / 3 ? [1, 3] : [1, 2, 5];
    const every = Math.max(1, Math.ceil(decades / most));
    for (let power = Math.floor(Math.log10(low)); power <= Math.ceil(Math.log10(high)); power += 1) {
      if (power % every) continue;
      for (const part of parts) {
        const at = part * 10 ** power;
        if (at >= low * 0.999 && at <= high * 1.001) out.push({ at, text: readable(at) });
      }
    }
    if (out.length > 1) return out;
    out.length = 0;
  }
  const span = (high - low) / Math.max(1, most);
  let step;
  if (axis.time) {
    step = TIME_STEPS.find((candidate) => candidate >= span) ?? 86400e6 * Math.ceil(span / 86400e6);
  } else {
    const power = 10 ** Math.floor(Math.log10(span));
    step = power * ([1, 2, 5].find((part) => part * power >= span) ?? 10);
  }
  let day = null;
  const ahead = axis.time ? aheadOfUtc(low, axis.zone) : 0; // midnight is where the zone has it
  for (let at = Math.ceil((low + ahead) / step) * step - ahead; at <= high; at += step) {
    if (!axis.time) out.push({ at, text: readable(at) });
    else {
      const date = clock(at, 86400e6, axis.zone);
      out.push({ at, text: clock(at, step, axis.zone), day: date !== day && step < 86400e6 ? date : null });
      day = date;
    }
  }
  return out;
}

/** Whether the page is dark, by its background colour; names of themes vary. */
function isDark(root) {
  for (let node = root; node; node = node.parentElement ?? node.getRootNode().host) {
    const parts = getComputedStyle(node).backgroundColor.match(/[\d.]+/g)?.map(Number) ?? [];
    if (parts.length < 3 || (parts.length > 3 && parts[3] < 0.5)) continue;
    return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2] < 110;
  }
  return matchMedia("(prefers-color-scheme: dark)").matches;
}

/** Copy text to the clipboard; false if the browser does not allow it. */
async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return false;
  }
}

/** Open a menu under `button`, for mouse and keyboard; `items` are [text, action]. */
function openMenu(root, button, label, items) {
  root.querySelectorAll(".obskit-menu").forEach((menu) => menu.remove());
  const close = (refocus) => {
    menu.remove();
    button.setAttribute("aria-expanded", "false");
    document.removeEventListener("pointerdown", outside, true);
    document.removeEventListener("scroll", scrolled, true);
    if (refocus) (button.isConnected ? button : root.querySelector(".obskit-panel"))?.focus();
  };
  // The document sees the host of a shadow tree as the target, whatever in it was clicked.
  const inside = (event) => event.composedPath().includes(menu);
  const outside = (event) => {
    if (!inside(event)) close(false);
  };
  const scrolled = (event) => {
    // A scroll from before the menu opened is reported late: what counts is that the button has moved.
    const now = button.getBoundingClientRect();
    if (!inside(event) && Math.abs(now.top - box.top) + Math.abs(now.left - box.left) > 2) close(false);
  };
  const entries = items.map(([text, action]) =>
    h("button", { type: "button", role: "menuitem", tabindex: "-1", text, onclick: () => (close(true), action()) }),
  );
  const menu = h("div", { class: "obskit-menu", role: "menu", "aria-label": label, popover: "manual" }, ...entries);
  menu.addEventListener("keydown", (event) => {
    const at = entries.indexOf(event.target);
    const next = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: entries.length - 1 }[event.key];
    if (next !== undefined) entries[(next + entries.length) % entries.length].focus();
    else if (event.key === "Escape") close(true);
    else if (event.key === "Tab") return close(true);
    else return undefined;
    event.preventDefault();
    event.stopPropagation();
    return undefined;
  });
  root.append(menu);
  menu.showPopover?.(); // the top layer: a scrolling output area does not cut it off
  const box = button.getBoundingClientRect();
  const size = menu.getBoundingClientRect();
  const below = box.bottom + size.height + 4 < innerHeight;
  menu.style.left = `${clamp(box.left, 4, innerWidth - size.width - 4)}px`;
  menu.style.top = `${below ? box.bottom + 2 : Math.max(4, box.top - size.height - 2)}px`;
  button.setAttribute("aria-expanded", "true");
  document.addEventListener("pointerdown", outside, true);
  document.addEventListener("scroll", scrolled, true);
  entries[0]?.focus();
}

/**
 * Follow the page: call `onTheme(dark)` now and when the colours change, and hide the static output of the same
 * result, which is for readers without a kernel. Returns a function that ends it.
 */
function followPage(root, still, onTheme) {
  let painted = null;
  const theme = () => {
    const dark = isDark(root);
    if (dark === painted) return;
    painted = dark;
    root.classList.toggle("obskit-dark", dark);
    onTheme(dark);
  };
  const hideStill = () => {
    if (still) document.querySelectorAll(`.${CSS.escape(still)}`).forEach((node) => node.toggleAttribute("hidden", true));
  };
  const watch = new MutationObserver(theme);
  watch.observe(document.body, { attributes: true, attributeFilter: ["data-jp-theme-light", "data-jp-theme-name", "class"] });
  // A page may attach the widget only after it was made; its colours are known from then on.
  const placed = new ResizeObserver(() => {
    theme();
    hideStill();
  });
  placed.observe(root);
  const scheme = matchMedia("(prefers-color-scheme: dark)");
  scheme.addEventListener("change", theme);
  theme();
  hideStill();
  return () => {
    watch.disconnect();
    placed.disconnect();
    scheme.removeEventListener("change", theme);
  };
}
