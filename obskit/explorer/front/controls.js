// What is looked at: operation, time, field, comparison, zone; undo, redo, and the list of what was done.

/** Return {node, show(asked, view, choices)}. */
function makeControls({ root, act, more }) {
  const operation = h("select", { "aria-label": "Operation", onchange: () => act({ type: "operation", condition: operation.value }) });
  const time = h("input", {
    type: "text",
    class: "obskit-time",
    "aria-label": "Time: -30m before the newest event, or start/end in ISO 8601, in UTC",
    title: "-30m before the newest event, or start/end such as 2026-05-04T10:00Z/2026-05-04T11:00Z. Empty for all of the time.",
    placeholder: "all of the time",
    spellcheck: "false",
    onchange: () => act({ type: "time", text: time.value }),
  });
  const zoomIn = h("button", { type: "button", text: "Zoom to box", onclick: () => act({ type: "zoom", in: true }) });
  const zoomOut = h("button", { type: "button", text: "All time", onclick: () => act({ type: "zoom", in: false }) });
  const field = h("select", { "aria-label": "Field on the vertical axis", onchange: () => act({ type: "axis", y: field.value }) });
  const compare = h("select", { "aria-label": "Compare the selection with", onchange: () => act({ type: "compare", compare: compare.value }) });
  const zone = h(
    "select",
    { "aria-label": "Time zone", onchange: () => act({ type: "zone", zone: zone.value }) },
    h("option", { value: "utc", text: "UTC" }),
    h("option", { value: "local", text: "local time" }),
  );
  const undo = h("button", { type: "button", title: "Undo (Ctrl + Z)", text: "Undo", onclick: () => act({ type: "undo" }) });
  const redo = h("button", { type: "button", title: "Redo (Ctrl + Shift + Z)", text: "Redo", onclick: () => act({ type: "redo" }) });
  let past = { history: [], at: 0 };
  const history = h("button", {
    type: "button",
    "aria-haspopup": "menu",
    "aria-expanded": "false",
    text: "History",
    onclick: () =>
      openMenu(
        root,
        history,
        "What was done, the newest first",
        past.history.toReversed().map(({ at, text }) => [`${at === past.at ? "● " : ""}${at + 1}. ${text}`, () => act({ type: "go", at })]),
      ),
  });
  const picked = h("label", {}, "Operation ", operation);
  const node = h(
    "div",
    { class: "obskit-bar-top" },
    picked,
    h("span", { class: "obskit-control" }, h("label", {}, "Time ", time), zoomIn, zoomOut),
    h("label", {}, "Show ", field),
    h("label", {}, "Compare with ", compare),
    zone,
    h("span", { class: "obskit-control" }, undo, redo, history),
    ...more,
  );

  /** Fill a list of choices; the chosen one is there even if it is not among them. */
  function fill(select, options, chosen) {
    const known = options.some(([value]) => value === chosen) ? options : [[chosen, chosen], ...options];
    select.replaceChildren(...known.map(([value, text]) => h("option", { value, text, selected: value === chosen })));
    select.value = chosen;
  }

  return {
    node,
    show(asked, view, choices) {
      if (!asked?.tab) return;
      const operations = choices?.operations ?? [];
      picked.hidden = !operations.length && !asked.operation;
      fill(operation, [["", "all operations"], ...operations.map(({ condition, text, detail }) => [condition, `${text} (${detail})`])], asked.operation);
      if (!time.matches(":focus")) time.value = asked.window;
      zoomIn.disabled = !asked.can_zoom;
      zoomOut.hidden = !asked.window;
      time.parentNode.parentNode.hidden = view?.x ? !view.x.time : false;
      if (view?.fields) fill(field, view.fields.map((name) => [name, name]), view.y.field);
      fill(compare, asked.compares, asked.compare);
      zone.value = asked.zone;
      undo.disabled = !asked.undo;
      redo.disabled = !asked.redo;
      past = asked;
    },
  };
}
