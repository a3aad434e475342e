// A report without a kernel: sort tables, pick one of several answers, hover and zoom charts.
// Everything shown is text from the page's own JSON; nothing is loaded, and no value becomes HTML.
"use strict";
(() => {
  const SVG = "http://www.w3.org/2000/svg";
  const COLOURS = ["#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00", "#7f7f7f", "#b8a800"];
  const W = 900, H = 300, L = 70, R = 16, T = 18, B = 40;

  const element = (name, attributes = {}, text) => {
    const made = document.createElementNS(SVG, name);
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    if (text !== undefined) made.textContent = text;
    return made;
  };

  // ---- tables: a click on a heading sorts; numbers as numbers, then text
  const keyOf = (row, at) => {
    const cell = row.cells[at];
    if (!cell) return "";
    const given = cell.dataset.k;
    if (given !== undefined) return given === "" ? null : Number(given);
    const text = cell.textContent.trim();
    const number = /^[-+]?[\d,]+(\.\d+)?(e[-+]?\d+)?\s*(%|ms|s|×)?$/i.exec(text);
    return number ? parseFloat(text.replaceAll(",", "")) * (number[3] === "s" ? 1000 : 1) : text;
  };
  const compare = (a, b) => {
    if (a === null || b === null) return (a === null) - (b === null);
    if (typeof a === "number" && typeof b === "number") return a - b;
    return String(a).localeCompare(String(b));
  };
  const sortable = (table) => {
    const head = table.tHead && table.tHead.rows[0];
    const body = table.tBodies[0];
    if (!head || !body || body.rows.length < 2) return;
    [...head.cells].forEach((cell, at) => {
      const button = document.createElement("button");
      button.type = "button";
      button.append(...cell.childNodes);
      cell.append(button);
      button.addEventListener("click", () => {
        const down = cell.getAttribute("aria-sort") === "ascending";
        for (const other of head.cells) other.removeAttribute("aria-sort");
        cell.setAttribute("aria-sort", down ? "descending" : "ascending");
        const rows = [...body.rows].map((row) => [keyOf(row, at), row]);
        rows.sort((a, b) => compare(a[0], b[0]) * (down && a[0] !== null && b[0] !== null ? -1 : 1));
        body.append(...rows.map((pair) => pair[1]));
      });
    });
  };

  // ---- several answers: one is shown
  const picker = (choice) => {
    const panels = [...choice.querySelectorAll(":scope > .panel")];
    if (panels.length < 2) return;
    const bar = document.createElement("div");
    bar.className = "pick";
    bar.setAttribute("role", "tablist");
    bar.setAttribute("aria-label", choice.dataset.label || "");
    const buttons = panels.map((panel, at) => {
      const button = document.createElement("button");
      button.type = "button";
      button.setAttribute("role", "tab");
      button.textContent = panel.dataset.title;
      button.addEventListener("click", () => show(at));
      button.addEventListener("keydown", (event) => {
        const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
        if (step) show((at + step + panels.length) % panels.length).focus();
      });
      panel.setAttribute("role", "tabpanel");
      return button;
    });
    const show = (chosen) => {
      panels.forEach((panel, at) => { panel.hidden = at !== chosen; });
      buttons.forEach((button, at) => {
        button.setAttribute("aria-selected", at === chosen);
        button.tabIndex = at === chosen ? 0 : -1;
      });
      return buttons[chosen];
    };
    // Not a disabled button: that would hide the reason from the keyboard and from screen readers.
    const another = document.createElement("button");
    another.type = "button";
    another.className = "another";
    another.setAttribute("aria-disabled", "true");
    another.textContent = "Another question…";
    another.title = "This file has answers, not the events. Load them as the report says, and ask there: events.explain(...)";
    const reason = document.createElement("p");
    reason.className = "why";
    reason.setAttribute("role", "status");
    another.addEventListener("click", () => { reason.textContent = another.title; });
    const head = document.createElement("div");
    head.className = "pickline";
    bar.append(...buttons);
    head.append(bar, another);
    choice.prepend(head, reason);
    show(0);
  };

  // ---- charts
  const shortNumber = (value) => {
    if (value === null || !isFinite(value)) return "";
    const size = Math.abs(value);
    if (size >= 1e6 || (size > 0 && size < 1e-3)) return value.toPrecision(3);
    return value.toLocaleString("en", { maximumSignificantDigits: 4 });
  };
  const shortTime = (value, span) => {
    const text = new Date(value).toISOString();
    return span > 2 * 864e5 ? text.slice(0, 10) : span > 6e5 ? text.slice(11, 16) : text.slice(11, 19);
  };

  class Chart {
    constructor(figure, data) {
      this.data = data;
      this.box = figure.querySelector(".chart");
      this.names = new Map();
      const place = (x) => {
        if (data.time) return Date.parse(x);
        if (typeof x === "number") return x;
        if (!this.names.has(x)) this.names.set(x, this.names.size);
        return this.names.get(x);
      };
      this.traces = data.traces.map((trace, at) => ({
        ...trace, x: trace.x.map(place), colour: COLOURS[at % COLOURS.length], labels: trace.x,
      }));
      const xs = this.traces.flatMap((trace) => trace.x).filter(isFinite);
      this.home = [Math.min(...xs), Math.max(...xs)];
      if (this.traces.some((trace) => trace.type === "bar")) this.home = [this.home[0] - 0.6, this.home[1] + 0.6];
      if (!(this.home[1] > this.home[0])) this.home = [this.home[0] - 1, this.home[0] + 1];
      this.view = [...this.home];
      this.svg = element("svg", { viewBox: `0 0 ${W} ${H}`, role: "img", "aria-label": data.title, tabindex: 0 });
      this.tip = document.createElement("div");
      this.tip.className = "tip";
      this.tip.hidden = true;
      this.box.replaceChildren(this.svg, this.tip, this.key());
      this.listen();
      this.draw();
    }

    key() {
      const key = document.createElement("div");
      key.className = "key";
      for (const trace of this.traces.filter((one) => one.type !== "grid" && one.name)) {
        const mark = document.createElement("i");
        mark.style.borderColor = trace.colour;
        key.append(mark, document.createTextNode(trace.name));
      }
      const help = document.createElement("span");
      help.textContent = "   drag to zoom, double-click or Escape for all";
      key.append(help);
      return key;
    }

    px(x) { return L + ((x - this.view[0]) / (this.view[1] - this.view[0])) * (W - L - R); }
    at(px) { return this.view[0] + ((px - L) / (W - L - R)) * (this.view[1] - this.view[0]); }
    py(y) {
      const [low, high] = this.range;
      const of = this.data.log_y ? Math.log10 : (v) => v;
      return H - B - ((of(y) - of(low)) / (of(high) - of(low))) * (H - T - B);
    }

    ranges() {
      const shown = [];
      for (const trace of this.traces) {
        const ys = trace.type === "grid" ? trace.y : trace.y.filter((_, n) => trace.x[n] >= this.view[0] && trace.x[n] <= this.view[1]);
        for (const y of ys) if (typeof y === "number" && isFinite(y) && (!this.data.log_y || y > 0)) shown.push(y);
      }
      let low = shown.length ? Math.min(...shown) : 0, high = shown.length ? Math.max(...shown) : 1;
      if (!this.data.log_y && !this.traces.some((trace) => trace.type === "grid")) low = Math.min(low, 0);
      if (!(high > low)) high = low + (Math.abs(low) || 1);
      this.range = [low, high];
    }

    draw() {
      this.ranges();
      const svg = this.svg, [x0, x1] = this.view, span = x1 - x0;
      svg.replaceChildren();
      const clip = `c${Math.random().toString(36).slice(2)}`;
      const path = element("clipPath", { id: clip });
      path.append(element("rect", { x: L, y: T - 8, width: W - L - R, height: H - T - B + 8 }));
      svg.append(path);
      for (let n = 0; n <= 4; n++) {
        const [low, high] = this.range;
        const y = this.data.log_y ? low * (high / low) ** (n / 4) : low + ((high - low) * n) / 4;
        svg.append(element("line", { x1: L, x2: W - R, y1: this.py(y), y2: this.py(y), class: "axis" }));
        svg.append(element("text", { x: L - 6, y: this.py(y) + 4, "text-anchor": "end" }, shortNumber(y)));
      }
      const names = [...this.names.keys()];
      const ticks = names.length ? names.map((name, n) => [n, name.length > 18 ? name.slice(0, 17) + "…" : name])
        : [0, 1, 2, 3, 4, 5].map((n) => x0 + (span * n) / 5).map((x) => [x, this.data.time ? shortTime(x, span) : shortNumber(x)]);
      const every = Math.ceil(ticks.length / 8);
      ticks.forEach(([x, label], n) => {
        if (n % every || x < x0 || x > x1) return;
        svg.append(element("text", { x: this.px(x), y: H - B + 16, "text-anchor": "middle" }, label));
      });
      svg.append(element("text", { x: (W + L) / 2, y: H - 6, "text-anchor": "middle" }, this.data.x_title));
      svg.append(element("text", { x: 4, y: 11 }, this.data.y_title));
      const area = element("g", { "clip-path": `url(#${clip})` });
      const bars = this.traces.filter((trace) => trace.type === "bar");
      for (const trace of this.traces) {
        if (trace.type === "line") area.append(this.line(trace));
        if (trace.type === "bar") this.bars(area, trace, bars.indexOf(trace), bars.length);
        if (trace.type === "grid") this.grid(area, trace);
      }
      let free = 0;
      for (const mark of this.data.marks) {
        const x = this.px(Date.parse(mark.at));
        const line = element("line", { x1: x, x2: x, y1: T, y2: H - B, stroke: "#d55e00", "stroke-dasharray": "4 3" });
        line.append(element("title", {}, mark.label));
        area.append(line);
        if (x < free) continue;
        free = x + 7 * Math.min(mark.label.length, 26) + 8;
        const title = element("text", { x: x + 3, y: T + 8 }, mark.label.length > 26 ? mark.label.slice(0, 25) + "…" : mark.label);
        title.append(element("title", {}, mark.label));
        area.append(title);
      }
      svg.append(area);
      this.box.dataset.view = this.data.time ? this.view.map((x) => new Date(x).toISOString()).join(" ") : this.view.join(" ");
    }

    line(trace) {
      let d = "", pen = false;
      trace.y.forEach((y, n) => {
        if (typeof y !== "number" || !isFinite(y) || (this.data.log_y && y <= 0)) { pen = false; return; }
        d += `${pen ? "L" : "M"}${this.px(trace.x[n]).toFixed(1)} ${this.py(y).toFixed(1)}`;
        pen = true;
      });
      return element("path", { d, fill: "none", stroke: trace.colour, "stroke-width": 1.8 });
    }

    bars(area, trace, at, of) {
      const width = (0.8 / of) * ((W - L - R) / (this.view[1] - this.view[0]));
      const zero = this.py(Math.max(this.range[0], this.data.log_y ? this.range[0] : 0));
      trace.y.forEach((y, n) => {
        if (typeof y !== "number") return;
        const top = this.py(y);
        area.append(element("rect", {
          x: this.px(trace.x[n] - 0.4) + at * width, y: Math.min(top, zero), width: Math.max(width, 1),
          height: Math.abs(zero - top), fill: trace.colour,
        }));
      });
    }

    grid(area, trace) {
      let most = 0;
      for (const row of trace.z) for (const z of row) if (z > most) most = z;
      trace.z.forEach((row, j) => row.forEach((z, i) => {
        if (!(z > 0) || trace.x[i + 1] < this.view[0] || trace.x[i] > this.view[1]) return;
        const x = this.px(trace.x[i]), y = this.py(trace.y[j + 1]);
        area.append(element("rect", {
          x, y, width: Math.max(this.px(trace.x[i + 1]) - x, 0.5), height: Math.max(this.py(trace.y[j]) - y, 0.5),
          fill: "#0072b2", "fill-opacity": 0.15 + (0.85 * Math.log1p(z)) / Math.log1p(most),
        }));
      }));
    }

    // The nearest x of each trace, in words.
    words(px, py) {
      const x = this.at(px), lines = [];
      let when = null;
      for (const trace of this.traces) {
        if (trace.type === "grid") {
          const i = trace.x.findIndex((edge, n) => edge <= x && x < trace.x[n + 1]);
          const j = trace.y.findIndex((edge, n) => this.py(edge) >= py && py > this.py(trace.y[n + 1] ?? NaN));
          if (i >= 0 && j >= 0) lines.push(`${trace.labels[i]}`, `${shortNumber(trace.y[j])} to ${shortNumber(trace.y[j + 1])}: ${shortNumber(trace.z[j][i] || 0)} events`);
          continue;
        }
        let best = -1;
        trace.x.forEach((one, n) => { if (best < 0 || Math.abs(one - x) < Math.abs(trace.x[best] - x)) best = n; });
        if (best < 0) continue;
        when ??= trace.labels[best];
        lines.push(`${trace.name || this.data.y_title}: ${typeof trace.y[best] === "number" ? shortNumber(trace.y[best]) : "none"}`);
      }
      return [...(when === null ? [] : [String(when)]), ...lines].join("\n");
    }

    listen() {
      const point = (event) => {
        const box = this.svg.getBoundingClientRect();
        return [((event.clientX - box.left) / box.width) * W, ((event.clientY - box.top) / box.height) * H, event.clientX - box.left, event.clientY - box.top];
      };
      let from = null, shade = null;
      this.svg.addEventListener("pointerdown", (event) => {
        from = point(event)[0];
        shade = element("rect", { x: from, y: T, width: 0, height: H - T - B, fill: "#e69f00", "fill-opacity": 0.25 });
        this.svg.append(shade);
        this.svg.setPointerCapture(event.pointerId);
      });
      this.svg.addEventListener("pointermove", (event) => {
        const [x, y, left, top] = point(event);
        if (from !== null) {
          shade.setAttribute("x", Math.min(from, x));
          shade.setAttribute("width", Math.abs(x - from));
        }
        if (x < L || x > W - R) { this.tip.hidden = true; return; }
        this.tip.textContent = this.words(x, y);
        this.tip.hidden = !this.tip.textContent;
        this.tip.style.left = `${Math.min(left + 14, this.svg.clientWidth - 160)}px`;
        this.tip.style.top = `${top + 14}px`;
      });
      this.svg.addEventListener("pointerup", (event) => {
        const to = point(event)[0], begin = from;
        from = null;
        shade?.remove();
        if (begin === null || Math.abs(to - begin) < 8) return;
        this.zoom(this.at(Math.max(Math.min(begin, to), L)), this.at(Math.min(Math.max(begin, to), W - R)));
      });
      this.svg.addEventListener("pointerleave", () => { this.tip.hidden = true; });
      this.svg.addEventListener("dblclick", () => this.zoom(...this.home));
      this.svg.addEventListener("keydown", (event) => {
        const [low, high] = this.view, span = high - low;
        const moves = { Escape: this.home, "+": [low + span / 4, high - span / 4], "-": [low - span / 2, high + span / 2],
          ArrowLeft: [low - span / 5, high - span / 5], ArrowRight: [low + span / 5, high + span / 5] };
        if (moves[event.key]) { this.zoom(...moves[event.key]); event.preventDefault(); }
      });
    }

    zoom(low, high) {
      if (!(high > low)) return;
      this.view = [Math.max(low, this.home[0]), Math.min(high, this.home[1])];
      if (!(this.view[1] > this.view[0])) this.view = [...this.home];
      this.draw();
    }
  }

  document.querySelectorAll("table").forEach(sortable);
  document.querySelectorAll(".choice").forEach(picker);
  document.querySelectorAll("figure[data-chart]").forEach((figure) => {
    new Chart(figure, JSON.parse(document.getElementById(figure.dataset.chart).textContent));
  });
  document.documentElement.dataset.ready = "yes";
})();
