// The tabs beside the picture, and the tables of groups and of messages.

const TABS = [
  ["difference", "Difference"],
  ["fields", "Fields"],
  ["group", "Group"],
  ["messages", "Messages"],
  ["rows", "Rows"],
  ["traces", "Traces"],
];

/** Return {node, body, show(tab)}: a list of tabs, and where the content of the open one belongs. */
function makeTabs({ act }) {
  const id = `obskit-tab-${Math.random().toString(36).slice(2)}`;
  const body = h("section", { class: "obskit-panel", tabindex: "-1", role: "tabpanel", id });
  const buttons = TABS.map(([tab, text]) => h("button", { type: "button", role: "tab", "aria-controls": id, id: `${id}-${tab}`, text, onclick: () => act({ type: "tab", tab }) }));
  const list = h("div", { class: "obskit-tabs", role: "tablist", "aria-label": "What to look at" }, ...buttons);
  list.addEventListener("keydown", (event) => {
    const at = buttons.indexOf(event.target);
    const next = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: buttons.length - 1 }[event.key];
    if (next === undefined || at < 0) return;
    event.preventDefault();
    event.stopPropagation();
    const button = buttons[(next + buttons.length) % buttons.length];
    button.focus();
    button.click();
  });
  return {
    node: h("div", { class: "obskit-side-by-side" }, list, body),
    body,
    show(tab) {
      buttons.forEach((button, at) => {
        const open = TABS[at][0] === tab;
        button.setAttribute("aria-selected", String(open));
        button.tabIndex = open ? 0 : -1;
        if (open) body.setAttribute("aria-labelledby", button.id);
      });
    },
  };
}

/** A line of counts over time, as high as a row. */
function sparkline(values) {
  const drawing = document.createElementNS(SVG, "svg");
  const most = Math.max(...values, 1);
  const x = (at) => (values.length > 1 ? (60 * at) / (values.length - 1) : 30);
  const points = values.map((value, at) => `${at ? "L" : "M"}${x(at).toFixed(1)} ${(15 - (14 * value) / most).toFixed(1)}`).join("");
  drawing.setAttribute("viewBox", "0 0 60 16");
  drawing.setAttribute("class", "obskit-spark");
  drawing.setAttribute("role", "img");
  drawing.setAttribute("aria-label", `at most ${readable(most)}, ${readable(values.at(-1) ?? 0)} at the end`);
  const line = document.createElementNS(SVG, "path");
  line.setAttribute("d", points);
  line.setAttribute("class", "obskit-line obskit-line-0");
  drawing.append(line);
  return drawing;
}

/** A field to group by, by name. */
function fieldPicker(fields, chosen, label, onPick) {
  const id = `obskit-fields-${Math.random().toString(36).slice(2)}`;
  const input = h("input", { type: "text", list: id, value: chosen ?? "", "aria-label": label, placeholder: "field", spellcheck: "false" });
  input.addEventListener("keydown", (event) => event.stopPropagation());
  input.addEventListener("change", () => input.value.trim() && input.value !== chosen && onPick(input.value.trim()));
  return h("label", { class: "obskit-picker" }, `${label} `, input, h("datalist", { id }, ...fields.map((name) => h("option", { value: name }))));
}

/** The table of groups or of messages: a value with its menu, numbers, and a line over time. */
function valueTable(panel, values) {
  const where = (row) => ({ list: "panel", row, chip: 0, version: panel.version });
  const rows = panel.rows.map(({ value, cells, spark }) =>
    h(
      "tr",
      {},
      h("td", {}, values.chip(value.text, where(value.menu), value.condition)),
      ...cells.map((text) => h("td", { text })),
      panel.head.includes("over time") ? h("td", {}, spark ? sparkline(spark) : "") : null,
    ),
  );
  return h(
    "div",
    { class: "obskit-scroll", tabindex: "0", role: "group", "aria-label": "Table, scrolls sideways" },
    h("table", { class: "obskit-values" }, h("thead", {}, h("tr", {}, ...panel.head.map((text) => h("th", { scope: "col", text })))), h("tbody", {}, ...rows)),
  );
}

const notesOf = (panel) => (panel.notes ?? []).map((text) => h("p", { class: "obskit-meta", text }));

function groupTab(panel, { values, act, fields, first }) {
  const pick = fieldPicker(fields, panel.field, "Group by", (field) => act({ type: "group", field }));
  if (!panel.rows) {
    const buttons = first.map((field) => h("button", { type: "button", class: "obskit-small", text: field, onclick: () => act({ type: "group", field }) }));
    return [pick, h("p", { class: "obskit-meta", text: panel.empty ?? "" }), h("div", { class: "obskit-inline" }, ...buttons)];
  }
  return [
    h("div", { class: "obskit-inline" }, pick, h("button", { type: "button", class: "obskit-small", text: "No groups", onclick: () => act({ type: "ungroup" }) })),
    valueTable(panel, values),
    ...notesOf(panel),
  ];
}

function messagesTab(panel, { values }) {
  return [valueTable(panel, values), ...notesOf(panel)];
}
