// The Explorer's page. It draws what Python sends and sends back what was done; it holds no state of its own.

function render({ model, el }) {
  const live = h("div", { class: "obskit-hidden", "aria-live": "polite", role: "status" });
  const status = h("div", { class: "obskit-status" });
  const root = h("div", { class: "obskit", "data-lm-suppress-shortcuts": "true" });
  const say = (text) => {
    live.textContent = text;
  };
  let waiting = null;
  const act = (message) => {
    clearTimeout(waiting);
    waiting = setTimeout(() => {
      status.textContent = "The kernel does not answer. Run the cell again to restart the Explorer.";
    }, 20000);
    if (message.type === "brush") {
      status.textContent = "Counting…";
      root.dataset.state = "working";
    }
    model.send(message);
  };

  const plot = makePlot({
    say,
    onBrush: (brush) => act({ type: "brush", brush }),
    onClear: () => act({ type: "clear" }),
  });
  const panel = makePanel({ root, act, say });

  const field = h("select", { "aria-label": "Field on the vertical axis", onchange: () => act({ type: "axis", y: field.value }) });
  const compare = h(
    "select",
    { "aria-label": "Compare the selection with", onchange: () => act({ type: "compare", compare: compare.value }) },
    h("option", { value: "rest", text: "everything outside the box" }),
    h("option", { value: "time", text: "other events in the same time" }),
  );
  const steps = h("div", { class: "obskit-steps" });
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

  root.append(
    h("div", { class: "obskit-bar-top" }, h("label", {}, "Show ", field), h("label", {}, "Compare with ", compare), h("label", {}, follow, " Follow"), toggle, followed, about),
    steps,
    h("div", { class: "obskit-columns" }, h("div", {}, plot.node, status, listing), panel.node),
    live,
  );
  el.append(root);

  let painted = null;
  const theme = () => {
    const dark = isDark(root);
    if (dark === painted) return;
    painted = dark;
    root.classList.toggle("obskit-dark", dark);
    plot.theme(dark);
  };

  let later = null;
  const showView = () => {
    clearTimeout(later);
    if (plot.dragging()) {
      later = setTimeout(showView, 100); // the axes must not move while a box is drawn
      return;
    }
    const view = model.get("_view");
    const grid = model.get("_grid");
    // Both arrive in one message, but a restored notebook may lack one of them.
    if (!view?.columns || !grid || grid.byteLength !== 4 * view.columns * view.rows) return;
    plot.show(view, grid);
    field.replaceChildren(...view.fields.map((name) => h("option", { value: name, text: name, selected: name === view.y.field })));
    compare.value = view.compare;
    about.textContent = view.about;
    about.title = view.notes.join("\n");
    steps.replaceChildren(
      ...(view.steps.length ? ["Narrowed to: "] : []),
      ...view.steps.map((text, index) =>
        h("span", { class: "obskit-step" }, h("code", { text }), h("button", { type: "button", "aria-label": `Remove ${text}`, title: "Remove", text: "×", onclick: () => act({ type: "undo", step: index }) })),
      ),
    );
  };
  const showBrush = () => {
    const brush = model.get("_brush");
    plot.mark(brush && "x0" in brush ? brush : null);
  };
  const showFound = () => panel.show(model.get("_found"));
  const showGroup = () => panel.group(model.get("_group"));
  const showCode = () => {
    code.textContent = model.get("_code");
  };
  const showStatus = () => {
    clearTimeout(waiting);
    const { text = "", hint = "", state = "idle" } = model.get("_status") ?? {};
    root.dataset.state = state;
    status.classList.toggle("obskit-error", state === "error");
    status.replaceChildren(state === "error" ? h("b", { text: "Error: " }) : "", text, hint ? h("div", { text: `Hint: ${hint}` }) : "");
    if (text) say(hint ? `${text} ${hint}` : text);
  };

  const showFollowing = () => {
    clearTimeout(waiting);
    const { every, text = "", error = "" } = model.get("_following") ?? {};
    follow.checked = Boolean(every);
    follow.title = every ? `Loads new events every ${every} s` : "Load new events every 5 s";
    followed.textContent = error ? `Following: ${error}` : text;
    followed.classList.toggle("obskit-error", Boolean(error));
    if (error) say(followed.textContent);
  };
  // The kernel loads new events only while a page says that it shows the widget.
  const seen = () => {
    if (follow.checked && document.visibilityState === "visible") model.send({ type: "seen" });
  };
  const beat = setInterval(seen, 10000);
  document.addEventListener("visibilitychange", seen);

  const listeners = [
    ["change:_view", showView],
    ["change:_grid", showView],
    ["change:_brush", showBrush],
    ["change:_found", showFound],
    ["change:_group", showGroup],
    ["change:_code", showCode],
    ["change:_status", showStatus],
    ["change:_following", showFollowing],
  ];
  for (const [name, listener] of listeners) model.on(name, listener);
  const watch = new MutationObserver(theme);
  watch.observe(document.body, { attributes: true, attributeFilter: ["data-jp-theme-light", "data-jp-theme-name", "class"] });
  // The picture for readers without a kernel is an output of its own. Hide it while the widget works.
  const hideStill = () => {
    const name = model.get("_still");
    if (name) document.querySelectorAll(`.${CSS.escape(name)}`).forEach((node) => node.toggleAttribute("hidden", true));
  };
  // A page may attach the widget only after this has run; its colours are known from then on.
  const placed = new ResizeObserver(() => {
    theme();
    hideStill();
  });
  placed.observe(root);
  const scheme = matchMedia("(prefers-color-scheme: dark)");
  scheme.addEventListener("change", theme);

  for (const show of [showView, showBrush, showFound, showGroup, showCode, showStatus, showFollowing]) show();
  seen();
  theme();
  hideStill();
  return () => {
    for (const [name, listener] of listeners) model.off(name, listener);
    watch.disconnect();
    placed.disconnect();
    scheme.removeEventListener("change", theme);
    plot.stop();
    clearTimeout(waiting);
    clearTimeout(later);
    clearInterval(beat);
    document.removeEventListener("visibilitychange", seen);
  };
}

export default { render };
