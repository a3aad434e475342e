// The Explorer's page. It draws what Python sends and sends back what was done; it holds no state of its own.

function render({ model, el }) {
  const live = h("div", { class: "obskit-hidden", "aria-live": "polite", role: "status" });
  const words = h("span", {});
  const bar = h("progress", { hidden: true, max: "1", "aria-label": "Progress" });
  const stop = h("button", { type: "button", class: "obskit-small", hidden: true, text: "Cancel", onclick: () => act({ type: "cancel" }) });
  const status = h("div", { class: "obskit-status" }, words, bar, stop);
  const root = h("div", { class: "obskit obskit-explorer", "data-lm-suppress-shortcuts": "true" });
  const say = (text) => {
    live.textContent = text;
  };
  const connection = makeConnection({ model, lost: (closed) => showLost(closed), back: () => showAll() });
  const ask = connection.send;
  const act = (message) => {
    if (message.type === "brush") {
      words.textContent = "Counting…";
      root.dataset.state = "working";
      connection.working(true); // the kernel may end before it says that it works
    }
    connection.send(message);
  };
  const open = (trace) => act({ type: "trace", trace });

  const onBrush = (brush) => act({ type: "brush", brush });
  const onClear = () => act({ type: "clear" });
  const plot = makePlot({ say, onBrush, onClear });
  const strip = makeStrip({ say, onBrush, onClear });
  const filter = makeFilter({ act, ask, say });
  const values = makeValues({ root, act, say });
  const difference = makeDifference({ values, open, judge: (deployment) => act({ type: "judge", deployment }) });
  const rows = makeRows({ act, ask, say, values, trace: open });
  const tabs = makeTabs({ act });
  const record = makeRecord({ act, say });

  // The waterfall talks to Python through this widget: its names and messages have a prefix of their own.
  const ofTrace = {
    get: (name) => model.get(`_trace${name}`),
    on: (name, listener) => model.on(name.replace(":", ":_trace"), listener),
    off: (name, listener) => model.off(name.replace(":", ":_trace"), listener),
    send: (message) => ask({ type: "waterfall", message }),
  };
  const opened = h("div", { class: "obskit-waterfall", hidden: true });
  let closeTrace = null;
  const showTrace = () => {
    const { id = "" } = model.get("_trace") ?? {};
    closeTrace?.();
    closeTrace = null;
    opened.hidden = !id;
    opened.replaceChildren();
    if (!id) return;
    const place = h("div", {});
    opened.append(
      h("div", { class: "obskit-inline" }, h("button", { type: "button", class: "obskit-small", text: "Close trace", onclick: () => act({ type: "trace", trace: null }) }), h("button", { type: "button", class: "obskit-small", text: "Copy id", onclick: () => values.copied(id, "the trace id") })),
      place,
    );
    closeTrace = waterfall.render({ model: ofTrace, el: place });
    opened.scrollIntoView({ block: "nearest" });
  };

  const code = h("code");
  const listing = h(
    "div",
    { class: "obskit-code", hidden: true },
    h("button", {
      type: "button",
      class: "obskit-small",
      text: "Copy",
      onclick: async () => say((await copy(model.get("_code"))) ? "Copied the code." : "The browser does not allow copying. Select the code and copy it by hand."),
    }),
    h("pre", { tabindex: "0", "aria-label": "Code that reproduces what is shown" }, code),
  );
  const toggle = h("button", {
    type: "button",
    "aria-expanded": "false",
    text: "Show code",
    onclick: () => {
      listing.hidden = !listing.hidden;
      toggle.setAttribute("aria-expanded", String(!listing.hidden));
      toggle.textContent = listing.hidden ? "Show code" : "Hide code";
    },
  });
  const about = h("span", { class: "obskit-about" });
  const follow = h("input", { type: "checkbox", onchange: () => act({ type: "follow", on: follow.checked }) });
  const followed = h("span", { class: "obskit-followed" });

  const controls = makeControls({ root, act, more: [h("label", {}, follow, " Follow"), toggle, followed, about] });

  root.append(
    filter.node,
    controls.node,
    h("div", { class: "obskit-columns" }, h("div", {}, strip.node, plot.node, status, record.node, listing), tabs.node),
    opened,
    live,
    // What is for readers without a kernel is hidden while the widget is there, also when it is shown anew.
    model.get("_still") ? h("style", { text: `.${CSS.escape(model.get("_still"))} { display: none; }` }) : "",
  );
  el.append(root);

  // Undo, redo and the filter line from anywhere in the widget, except where text is typed.
  root.addEventListener("keydown", (event) => {
    if (event.target.matches?.("input, textarea, select")) return;
    const key = event.key.toLowerCase();
    if ((event.ctrlKey || event.metaKey) && (key === "z" || key === "y")) act({ type: key === "y" || event.shiftKey ? "redo" : "undo" });
    else if (key === "/" && !event.ctrlKey) filter.focus();
    else return;
    event.preventDefault();
    event.stopPropagation();
  });

  const asked = () => model.get("_asked") ?? {};
  /** What the picture shows, with the zone in which times are read. */
  const viewed = () => {
    const view = model.get("_view");
    return view?.x ? { ...view, x: { ...view.x, zone: asked().zone } } : view;
  };
  let later = null;
  const showView = () => {
    clearTimeout(later);
    if (plot.dragging()) {
      later = setTimeout(showView, 100); // the axes must not move while a box is drawn
      return;
    }
    const view = viewed();
    const grid = model.get("_grid");
    // Both arrive in one message, but a restored notebook may lack one of them.
    if (!view?.columns || !grid || grid.byteLength !== 4 * view.columns * view.rows) return;
    plot.show(view, grid);
    about.textContent = view.about;
    about.title = view.notes.join("\n");
    showStrip();
    showAsked();
  };
  const showStrip = () => strip.show(model.get("_strip"), viewed());
  let zone = null;
  let tab = null;
  let trace = null;
  const showAsked = () => {
    const now = asked();
    if (!now.tab) return;
    filter.show(now);
    controls.show(now, model.get("_view"), model.get("_choices"));
    tabs.show(now.tab);
    const brush = "x0" in (now.brush ?? {}) ? now.brush : null;
    plot.mark(brush);
    strip.mark(brush);
    if (now.zone !== zone) {
      const before = zone;
      zone = now.zone;
      if (before !== null) {
        showView();
        showPanel();
      }
    }
    const traces = `${now.trace} ${now.beside}`;
    if (now.tab !== tab || traces !== trace) {
      tab = now.tab;
      trace = traces;
      showPanel();
    }
  };
  const showPanel = () => {
    const now = asked();
    const panel = model.get("_panel") ?? {};
    const body = tabs.body;
    body.dataset.tab = now.tab ?? "difference";
    if (!now.tab || now.tab === "difference") {
      body.replaceChildren(h("div", { class: "obskit-found" }, ...difference.show(model.get("_found"), isLost() && model.get("_verdict")?.busy ? {} : model.get("_verdict"))));
      return;
    }
    if (panel.tab !== now.tab) {
      body.replaceChildren(h("p", { class: "obskit-meta", text: isLost() ? "Not answered." : "Counting…" }));
      return;
    }
    const context = { values, act, open, trace: now.trace, beside: now.beside, zone: now.zone, days: severalDays(viewed()?.x ?? {}), fields: [], first: [], ...model.get("_choices") };
    const draw = { fields: fieldsTab, group: groupTab, messages: messagesTab, traces: tracesTab, rows: rows.show }[now.tab];
    const only = panel.empty && now.tab !== "group";
    body.replaceChildren(...(only ? [h("p", { class: "obskit-meta", text: panel.empty })] : draw(panel, context)));
  };
  const showFound = () => {
    if ((asked().tab ?? "difference") === "difference") showPanel();
  };
  const showVerdict = () => {
    showFound();
    const { word, text, error } = model.get("_verdict") ?? {};
    if (word || error) say(error ?? `${word}: ${text}`);
  };
  const showCode = () => {
    code.textContent = model.get("_code");
  };
  const showStatus = () => {
    const { text = "", hint = "", state = "idle", done = 0, total = 0 } = model.get("_status") ?? {};
    connection.working(state === "working");
    root.dataset.state = state;
    status.classList.toggle("obskit-error", state === "error");
    words.replaceChildren(state === "error" ? h("b", { text: "Error: " }) : "", text, hint ? h("div", { text: `Hint: ${hint}` }) : "");
    if (state === "error") filter.rejected(text, hint);
    stop.hidden = state !== "working";
    bar.hidden = state !== "working" || !total;
    bar.value = total ? done / total : 0;
    if (text) say(hint ? `${text} ${hint}` : text);
  };

  const showFollowing = () => {
    const { every, text = "", error = "" } = model.get("_following") ?? {};
    follow.checked = Boolean(every);
    follow.title = every ? `Loads new events every ${every} s` : "Load new events every 5 s";
    followed.textContent = error ? `Following: ${error}` : text;
    followed.classList.toggle("obskit-error", Boolean(error));
    if (error) say(followed.textContent);
  };
  const showRecord = () => {
    record.show(model.get("_record"));
  };
  const isLost = () => root.dataset.state === "lost";
  /** Say that nothing answers; what was answered last stays, and nothing looks as if it were still being counted. */
  const showLost = (closed) => {
    const { resume } = asked();
    const text = closed
      ? "The kernel was restarted or has ended, and with it this Explorer. What is shown is its last answer. Run the cell again to go on."
      : `The kernel has not answered for ${PATIENCE / 1000} seconds. What is shown is its last answer. It may be running a cell, or the connection is lost. If it was restarted, run the cell again.`;
    root.dataset.state = "lost";
    status.classList.remove("obskit-error");
    stop.hidden = bar.hidden = true;
    words.replaceChildren(
      h("b", { text: "No answer: " }),
      text,
      resume ? h("div", {}, "To begin where you were, run this line: ", h("button", { type: "button", class: "obskit-small", text: "Copy", onclick: () => values.copied(resume, "the line") }), " ", h("code", { text: resume })) : "",
    );
    record.show({ ...model.get("_record"), busy: false });
    showPanel();
    say(`No answer: ${text}`);
  };
  // The kernel loads new events only while a page says that it shows the widget.
  const seen = () => {
    if (follow.checked && document.visibilityState === "visible") connection.post({ type: "seen" });
  };
  const beat = setInterval(seen, 10000);
  document.addEventListener("visibilitychange", seen);

  const onMessage = (message) => {
    connection.heard();
    if (message?.type === "completion") filter.answer(message);
    else if (message?.type === "page") rows.page(message);
  };
  const listeners = [
    ["change:_view", showView],
    ["change:_grid", showView],
    ["change:_strip", showStrip],
    ["change:_asked", showAsked],
    ["change:_choices", showAsked],
    ["change:_found", showFound],
    ["change:_verdict", showVerdict],
    ["change:_panel", showPanel],
    ["change:_trace", () => queueMicrotask(showTrace)], // some notebooks set the parts of a message one by one
    ["change:_code", showCode],
    ["change:_status", showStatus],
    ["change:_following", showFollowing],
    ["change:_record", showRecord],
    ["msg:custom", onMessage],
  ];
  const showAll = () => {
    for (const show of [showStatus, showView, showStrip, showAsked, showPanel, showCode, showFollowing, showRecord, rows.again]) show();
  };
  for (const [name] of listeners) if (name.startsWith("change:")) model.on(name, connection.heard);
  for (const [name, listener] of listeners) model.on(name, listener);
  showAll();
  showTrace();
  seen();
  const unfollow = followPage(root, model.get("_still"), plot.theme);
  return () => {
    for (const [name, listener] of listeners) {
      model.off(name, listener);
      model.off(name, connection.heard);
    }
    connection.stop();
    unfollow();
    closeTrace?.();
    plot.stop();
    filter.stop();
    clearTimeout(later);
    clearInterval(beat);
    document.removeEventListener("visibilitychange", seen);
  };
}

export default { render };
