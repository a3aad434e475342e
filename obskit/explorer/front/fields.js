// The tab of fields: for each field the shares of its values in the selection and in the baseline.

function fieldsTab(panel, { values }) {
  const range = (side, [share, low, high]) => {
    const bar = h("span", { class: `obskit-fill obskit-${side}` });
    bar.style.width = `${100 * share}%`;
    const whisker = h("span", { class: "obskit-whisker" });
    whisker.style.left = `${100 * low}%`;
    whisker.style.width = `${100 * (high - low)}%`;
    return h("span", { class: "obskit-track" }, bar, whisker);
  };
  const percent = (share) => `${share > 0 && share < 0.001 ? "<0.1" : (100 * share).toFixed(share < 0.1 ? 1 : 0)}%`;
  const spoken = ([share, low, high]) => `${percent(share)} (${percent(low)} to ${percent(high)})`;
  const bars = (field) =>
    field.bars.map(({ text, menu, condition, selected, baseline }) =>
      h(
        "div",
        { class: "obskit-bins", title: `${text}: selection ${spoken(selected)}, baseline ${spoken(baseline)}` },
        menu === undefined ? h("span", { class: "obskit-bin-name", text }) : values.chip(text, { list: "panel", row: menu, chip: 0, version: panel.version }, condition, true, "obskit-bin-name obskit-plain"),
        h("span", { class: "obskit-pair" }, range("selected", selected), range("baseline", baseline)),
        h("span", { class: "obskit-number" }, h("b", { text: percent(selected[0]) }), ` / ${percent(baseline[0])}`),
      ),
    );
  const shown = panel.fields.map((field) =>
    h(
      "details",
      { open: field.certain, class: "obskit-one-field" },
      h("summary", {}, h("b", { text: field.name }), h("span", { class: "obskit-meta", text: ` ${field.text}${field.note ? `; ${field.note}` : ""}` })),
      ...bars(field),
    ),
  );
  return [
    h(
      "p",
      { class: "obskit-meta" },
      h("span", { class: "obskit-key obskit-selected", "aria-hidden": "true" }),
      `selection (${panel.selected}) `,
      h("span", { class: "obskit-key obskit-baseline", "aria-hidden": "true" }),
      `baseline (${panel.baseline}). Thin lines are intervals. The most different field is first.`,
    ),
    ...shown,
    ...notesOf(panel),
  ];
}
