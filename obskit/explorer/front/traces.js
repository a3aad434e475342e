// The tab of traces: examples of the selection and of the baseline, each opened in place, or compared with the open one.

function tracesTab(panel, { zone, days, open, act, trace: opened, beside, values }) {
  const sides = panel.sides.map(({ kind, title, rows }) =>
    h(
      "div",
      {},
      h("h4", {}, title === "Events" ? null : h("span", { class: `obskit-key obskit-${kind}`, "aria-hidden": "true" }), title),
      h(
        "ul",
        { class: "obskit-traces" },
        ...rows.map(({ trace, url, at, name, duration, error }) =>
          h(
            "li",
            {},
            h("button", { type: "button", class: "obskit-example", "aria-pressed": String(opened === trace), title: `Open trace ${trace}`, onclick: () => open(trace) },
              h("span", { class: "obskit-detail", text: at === null ? "" : dated(at, 1e6, zone, days) }), " ", name, " ", h("b", { text: duration }), error ? h("span", { class: "obskit-error", text: " error" }) : null),
            opened && opened !== trace ? h("button", { type: "button", class: "obskit-small", "aria-pressed": String(beside === trace), title: "Show it next to the open trace", text: "Compare", onclick: () => act({ type: "trace", trace: opened, beside: beside === trace ? null : trace }) }) : null,
            url && /^https?:/i.test(url) ? h("a", { href: url, target: "_blank", rel: "noopener noreferrer", text: "link" }) : h("button", { type: "button", class: "obskit-small", text: "Copy id", onclick: () => values.copied(trace, "the trace id") }),
          ),
        ),
      ),
      rows.length ? null : h("p", { class: "obskit-meta", text: "none of these events belongs to a trace" }),
    ),
  );
  return [...sides, ...notesOf(panel)];
}
