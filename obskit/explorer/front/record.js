// What is kept of the investigation: a pin of the data, a note on the time axis, a judgement in the ledger.

/** Return {node, show(record)}; `act` gets {type: "record", action, text, judgement}. */
function makeRecord({ act, say }) {
  const text = h("input", { type: "text", class: "obskit-note", spellcheck: "true", maxlength: "10000" });
  const send = (action) => act({ type: "record", action, text: text.value, judgement: judgement.value });
  const pin = h("button", { type: "button", text: "Pin", title: "Keep the rows of the findings, their traces and a sample of the others, in a file next to the notebook or the ledger", onclick: () => send("pin") });
  const add = h("button", { type: "button", text: "Add note", onclick: () => send("note") });
  const judgement = h("select", { "aria-label": "Judgement of the finding" });
  const keep = h("button", { type: "button", text: "Keep in ledger", onclick: () => send("keep") });
  const said = h("div", { class: "obskit-recorded" });
  const kept = h("span", { class: "obskit-control" }, judgement, keep);
  const node = h("div", { class: "obskit-record" }, h("div", { class: "obskit-inline" }, pin, text, add, kept), said);
  let done = 0;
  text.addEventListener("keydown", (event) => {
    event.stopPropagation();
    if (event.key === "Enter") send(add.hidden ? "keep" : "note");
  });
  return {
    node,
    show(record) {
      if (!record?.judgements) return;
      add.hidden = !record.folder;
      add.title = `Write it at the beginning of the box, or at the present time, into ${record.folder}`;
      kept.hidden = !record.ledger;
      keep.title = `Keep the finding in ${record.ledger}`;
      text.hidden = !record.folder && !record.ledger;
      const label = record.folder ? "Note on the time axis" : "Reason";
      text.setAttribute("aria-label", label);
      text.placeholder = record.ledger && record.folder ? "Note, or reason of the judgement" : label;
      if (!judgement.children.length) judgement.append(...record.judgements.map((value) => h("option", { value, text: value })));
      if (record.done > done && !record.busy) text.value = ""; // what was typed stays until it is written
      done = record.done;
      for (const button of [pin, add, keep]) button.disabled = Boolean(record.busy);
      said.classList.toggle("obskit-error", Boolean(record.error));
      said.replaceChildren(record.error ? h("b", { text: "Error: " }) : "", record.text ?? "", record.hint ? h("div", { text: `Hint: ${record.hint}` }) : "");
      if (record.text) say(record.hint ? `${record.text} ${record.hint}` : record.text);
    },
  };
}
