// The tab of differences: what is compared, then one row per finding. Numbers and texts come ready from Python.

/** Return {show(found, verdict)}: the nodes of an explanation. `open` opens a trace, `judge` asks for a verdict. */
function makeDifference({ values, open, judge }) {
  let version = null; // of the explanation shown; Python needs it to look up the value of a menu
  const chip = (text, path, condition, single = true) => values.chip(text, { ...path, version }, condition, single);

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
    return h("button", { type: "button", class: "obskit-id", title: `Open trace ${id}`, text: `${id.slice(0, 8)}…`, onclick: () => open(id) });
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
      row.what_if ? h("div", { class: "obskit-meta", text: row.what_if }) : null,
      row.aliases.length
        ? h("details", {}, h("summary", { text: `${row.aliases.length} other condition${row.aliases.length > 1 ? "s hold" : " holds"} for the same events` }), ...row.aliases.map((text) => h("div", { class: "obskit-meta", text })))
        : null,
      examples(row),
    );
  }

  /** A button for each deployment in the time of the box, and the verdict that was asked for. */
  function deployments(names, verdict) {
    if (!names.length) return [];
    const { name, busy, word, text, error, hint, criteria = [], notes = [] } = verdict;
    const buttons = names.map((one) => h("button", { type: "button", class: "obskit-small", disabled: Boolean(busy), text: `Judge ${one}`, onclick: () => judge(one) }));
    const said = error
      ? [h("p", { class: "obskit-error" }, h("b", { text: "Error: " }), error, hint ? h("span", { text: ` Hint: ${hint}` }) : null)]
      : word
        ? [h("p", {}, h("b", { text: `${name}: ${word}. ` }), text), h("p", { class: "obskit-meta", text: criteria.join(" · ") }), ...notes.map((note) => h("p", { class: "obskit-meta", text: note }))]
        : [];
    return [h("div", { class: "obskit-verdict" }, h("div", { class: "obskit-inline" }, h("span", { class: "obskit-meta", text: busy ? `Judging ${name}…` : "Deployed in the time of the box:" }), ...buttons), ...said)];
  }

  function side(kind, title, { events, condition }) {
    return h("p", {}, h("span", { class: `obskit-key obskit-${kind}`, "aria-hidden": "true" }), h("b", { text: `${title}: ` }), `${events} ${events === "1" ? "event" : "events"}, `, h("code", { text: condition }));
  }

  return {
    show(found, verdict) {
      version = found?.version ?? null;
      if (!found?.selection) return [h("p", { class: "obskit-meta", text: "Draw a box over unusual events. What distinguishes them from the rest is shown here." })];
      const lists = found.lists.map(({ key, title, open: shown, rows }) => {
        const items = h("ol", {}, ...rows.map((row, index) => finding(row, key, index)));
        if (shown) return h("div", {}, h("h4", { text: title }), rows.length ? items : h("p", { text: "Nothing distinguishes the selection beyond chance." }));
        return h("details", {}, h("summary", { text: title }), items);
      });
      return [
        h("div", { class: "obskit-sides" }, side("selected", "Selection", found.selection), side("baseline", "Baseline", found.baseline), found.history ? h("p", {}, h("b", { text: "History: " }), found.history) : null, found.advice ? h("p", { class: "obskit-meta", text: found.advice }) : null),
        ...deployments(found.deployments ?? [], verdict ?? {}),
        ...lists,
        ...(found.skipped.length
          ? [h("details", {}, h("summary", { text: `Fields skipped or only partly looked at: ${found.skipped_count}` }), h("ul", {}, ...found.skipped.map(({ field, reason }) => h("li", { text: `${field}: ${reason}` }))))]
          : []),
        ...found.notes.map((text) => h("p", { class: "obskit-meta", text })),
      ];
    },
  };
}
