// The panel with everything that is known about the selected span. All values are text that Python made.

/** Return {node, wait(row), show(details)}; `ask` sends a message, `jump(row)` selects another row. */
function makeDetails({ root, ask, jump, zoom, say, headings }) {
  const body = h("div", { class: "obskit-panel-body" });
  const node = h("aside", { class: "obskit-panel", tabindex: "0", "aria-label": "Selected span" }, body);
  let shown = null;

  const offer = (button, side, field) => {
    const code = (action) => () => ask({ type: "code", row: shown.row, side, field: field.at, action });
    openMenu(root, button, field.name, [
      ["Only events with this value", code("only")],
      ["Exclude this value", code("exclude")],
      ["Group by this field", code("group")],
      ["Copy condition", code("condition")],
      [field.length ? "Copy the value as far as shown" : "Copy value", async () => say((await copy(field.text)) ? "Copied the value." : "The browser does not allow copying. Select the value and copy it by hand.")],
    ]);
  };
  const size = (length) => (length ? h("small", { text: ` ${length.toLocaleString("en-US")} characters, cut here` }) : null);
  const fieldRow = (side, field) => {
    const button = h("button", {
      type: "button",
      class: "obskit-field",
      "aria-haspopup": "menu",
      "aria-expanded": "false",
      "aria-label": `${field.name}: what to do with this value`,
      text: "▾",
      onclick: () => offer(button, side, field),
    });
    return h("tr", {}, h("th", { scope: "row", dir: "auto", text: field.name }), h("td", { dir: "auto" }, h("span", { text: field.text }), size(field.length)), h("td", {}, button));
  };
  const pairs = (rows) => (rows.length ? h("dl", {}, ...rows.flatMap(([name, value]) => [h("dt", { text: name }), h("dd", { text: value })])) : null);
  const list = (title, { rows, total, more }, item) =>
    total ? h("details", { open: true }, h("summary", { text: `${title} (${total.toLocaleString("en-US")})` }), h("ol", {}, ...rows.map(item)), more ? h("p", { class: "obskit-meta", text: more }) : null) : null;
  const moment = (point) =>
    h("li", { class: point.error ? "obskit-error" : null }, h("b", { text: `${point.at} ` }), point.severity ? h("b", { text: `${point.severity} ` }) : null, h("span", { dir: "auto", text: point.text }), pairs(point.fields));
  const copied = async (code) => say((await copy(code)) ? `Copied: ${code}` : "The browser does not allow copying. Select the code and copy it by hand.");

  /** The fields that are not the same in both traces, next to each other. */
  function differences([here, there]) {
    const texts = [here, there].map(({ fields }) => new Map(fields.map(({ name, text }) => [name, text])));
    const names = [...new Set([...texts[0].keys(), ...texts[1].keys()])].filter((name) => texts[0].get(name) !== texts[1].get(name) && !["trace_id", "span_id", "parent_span_id", "timestamp"].includes(name));
    const cell = (text) => h("td", { dir: "auto", text: text ?? "null" });
    return h(
      "details",
      { open: true },
      h("summary", { text: `Fields that differ (${names.length.toLocaleString("en-US")})` }),
      h("table", { class: "obskit-fields obskit-differ" }, h("thead", {}, h("tr", {}, h("th", { scope: "col", text: "Field" }), ...headings.map((text) => h("th", { scope: "col", text })))), h("tbody", {}, ...names.map((name) => h("tr", {}, h("th", { scope: "row", dir: "auto", text: name }), cell(texts[0].get(name)), cell(texts[1].get(name)))))),
    );
  }

  function section(details, side) {
    const { fault } = details;
    return h(
      "section",
      {},
      headings.length > 1 ? h("p", { class: "obskit-meta", text: `trace ${details.trace}` }) : null,
      h("h4", {}, h("span", { class: "obskit-service", text: details.service }), h("span", { dir: "auto", text: ` ${details.title}` }), details.kind ? h("small", { text: ` ${details.kind}` }) : null),
      h("dl", { class: "obskit-times" }, ...details.times.flatMap(([name, value]) => [h("dt", { text: name }), h("dd", { text: value })])),
      ...details.notes.map((text) => h("p", { class: "obskit-note", text: `⚠ ${text}` })),
      fault
        ? h("div", { class: "obskit-error obskit-exception" }, h("p", {}, h("b", { text: `✕ ${fault.type || "Error"}` }), fault.message ? h("span", { dir: "auto", text: ` ${fault.message}` }) : null), fault.stack ? h("details", {}, h("summary", { text: "Stack" }), h("pre", { tabindex: "0", text: fault.stack })) : null)
        : null,
      h(
        "p",
        { class: "obskit-do" },
        details.parent >= 0 ? h("button", { type: "button", class: "obskit-small", text: "Parent", onclick: () => jump(shown.row, "parent") }) : null,
        h("button", { type: "button", class: "obskit-small", text: "Zoom to it", onclick: zoom }),
        h("button", { type: "button", class: "obskit-small", text: "Copy link", title: details.code, onclick: () => copied(details.code) }),
      ),
      list("Events", details.events, moment),
      list("Log records", details.logs, moment),
      list("Links", details.links, (link) => h("li", {}, h("code", { text: link.text }), " ", h("button", { type: "button", class: "obskit-small", text: "Copy", onclick: () => copied(link.code) }), pairs(link.fields))),
      h("details", { open: true }, h("summary", { text: `Fields (${details.fields.length.toLocaleString("en-US")})` }), h("table", { class: "obskit-fields" }, h("tbody", {}, ...details.fields.map((field) => fieldRow(side, field))))),
    );
  }

  return {
    node,
    focus: () => node.focus(),
    show(details) {
      shown = details?.sides ? details : null;
      body.replaceChildren(...(shown ? [...(shown.sides.length > 1 ? [differences(shown.sides)] : []), ...shown.sides.map(section)] : [h("p", { class: "obskit-meta", text: "Select a span to see its fields, events and log records." })]));
      node.scrollTop = 0;
    },
  };
}
