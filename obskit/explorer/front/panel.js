// The explanation: what is compared, then one row per finding. Numbers and texts come ready from Python.

/** Return {node, show(found), group(table)}; `act` gets {type, list, row, chip}. */
function makePanel({ root, act, say }) {
  const body = h("div", { class: "obskit-found" });
  const groups = h("div", { class: "obskit-group" });
  const node = h("section", { class: "obskit-panel", tabindex: "-1", "aria-label": "Explanation" }, groups, body);

  async function copied(text, what) {
    say((await copy(text)) ? `Copied ${what}.` : `The browser does not allow copying. Copy ${what} by hand: ${text}`);
  }

  let version = null; // of the explanation shown; Python needs it to look up the value of a menu

  /** A value with its menu. `path` is its place in the lists that Python keeps; a `single` value has a field to group by. */
  function chip(text, path, condition, single = true) {
    const where = { ...path, version };
    const button = h("button", { type: "button", class: "obskit-chip", "aria-haspopup": "menu", "aria-expanded": "false", text });
    const items = [
      ["Only these events", () => act({ type: "only", ...where })],
      ["Exclude these events", () => act({ type: "exclude", ...where })],
      ...(single ? [["Group by this field", () => act({ type: "group", ...where })]] : []),
      ["Copy condition", () => copied(condition, "the condition")],
    ];
    const open = () => openMenu(root, button, text, items);
    button.addEventListener("click", open);
    button.addEventListener("keydown", (event) => {
      if (event.key !== "ArrowDown") return;
      event.preventDefault();
      open();
    });
    return button;
  }

  function bar(side, name, { share, text, events }) {
    const fill = h("span", { class: `obskit-fill obskit-${side}` });
    fill.style.width = `${100 * clamp(share ?? 0, 0, 1)}%`;
    return h(
      "div",
      { class: "obskit-bar" },
      h("span", { class: "obskit-side", text: name }),
      h("span", { class: "obskit-track" }, fill),
      h("span", { class: "obskit-number" }, h("b", { text }), ` ${events}`),
    );
  }

  function trace({ id, url }) {
    if (url && /^https?:/i.test(url)) return h("a", { href: url, target: "_blank", rel: "noopener noreferrer", text: id });
    return h("button", { type: "button", class: "obskit-id", title: "Copy this trace id", text: id, onclick: () => copied(id, "the trace id") });
  }

  function examples(row) {
    const sides = [["selected", "Selection"], ["baseline", "Baseline"]].filter(([side]) => row.examples[side].length);
    if (!sides.length) return null;
    return h(
      "details",
      {},
      h("summary", { text: "Example traces" }),
      ...sides.map(([side, title]) =>
        h("div", { class: "obskit-examples" }, h("span", { class: `obskit-key obskit-${side}`, "aria-hidden": "true" }), `${title}: `, ...row.examples[side].flatMap((item) => [trace(item), " "])),
      ),
    );
  }

  function finding(row, list, index) {
    const chips = row.chips.flatMap((text, at) => [
      at ? h("span", { class: "obskit-and", text: "and" }) : null,
      chip(text, { list, row: index, chip: at }, row.conditions[at]),
    ]);
    if (row.chips.length > 1) chips.push(chip("all of these", { list, row: index, chip: null }, row.condition, false));
    return h(
      "li",
      {},
      h("div", { class: "obskit-chips" }, ...chips),
      bar("selected", "selection", row.selected),
      bar("baseline", "baseline", row.baseline),
      h("div", { class: "obskit-meta", text: row.strength }),
      row.note ? h("div", { class: "obskit-meta", text: row.note }) : null,
      row.aliases.length
        ? h("details", {}, h("summary", { text: `${row.aliases.length} other condition${row.aliases.length > 1 ? "s hold" : " holds"} for the same events` }), ...row.aliases.map((text) => h("div", { class: "obskit-meta", text })))
        : null,
      examples(row),
    );
  }

  function side(kind, title, { events, condition }) {
    return h("p", {}, h("span", { class: `obskit-key obskit-${kind}`, "aria-hidden": "true" }), h("b", { text: `${title}: ` }), `${events} ${events === "1" ? "event" : "events"}, `, h("code", { text: condition }));
  }

  return {
    node,
    show(found) {
      version = found?.version ?? null;
      if (!found?.selection) {
        body.replaceChildren(h("p", { class: "obskit-meta", text: "Draw a box over unusual events. What distinguishes them from the rest is shown here." }));
        return;
      }
      const lists = found.lists.map(({ key, title, open, rows }) => {
        const items = h("ol", {}, ...rows.map((row, index) => finding(row, key, index)));
        if (open) return h("div", {}, h("h4", { text: title }), rows.length ? items : h("p", { text: "Nothing distinguishes the selection beyond chance." }));
        return h("details", {}, h("summary", { text: title }), items);
      });
      body.replaceChildren(
        h("div", { class: "obskit-sides" }, side("selected", "Selection", found.selection), side("baseline", "Baseline", found.baseline), found.history ? h("p", {}, h("b", { text: "History: " }), found.history) : null),
        ...lists,
        found.skipped.length
          ? h("details", {}, h("summary", { text: `Fields skipped or only partly looked at: ${found.skipped_count}` }), h("ul", {}, ...found.skipped.map(({ field, reason }) => h("li", { text: `${field}: ${reason}` }))))
          : null,
        ...found.notes.map((text) => h("p", { class: "obskit-meta", text })),
      );
    },
    group(table) {
      if (!table?.rows) {
        groups.replaceChildren();
        return;
      }
      const head = h("tr", {}, ...table.head.map((text) => h("th", { scope: "col", text })));
      const rows = table.rows.map((cells, index) =>
        h("tr", {}, ...cells.map((text, at) => (at ? h("td", { text }) : h("td", {}, chip(text, { list: "group", row: index, chip: 0 }, table.conditions[index]))))),
      );
      groups.replaceChildren(
        h("h4", {}, `By ${table.field} `, h("button", { type: "button", class: "obskit-small", text: "Close", onclick: () => act({ type: "ungroup" }) })),
        h("div", { class: "obskit-scroll" }, h("table", {}, h("thead", {}, head), h("tbody", {}, ...rows))),
        ...(table.notes ?? []).map((text) => h("p", { class: "obskit-meta", text })),
      );
    },
  };
}
