// Values of the data with their menu: only these, exclude, group by, copy.

/** Return {chip, menu, copied}; `act` gets {type, list, row, chip, version}. */
function makeValues({ root, act, say }) {
  async function copied(text, what) {
    say((await copy(text)) ? `Copied ${what}.` : `The browser does not allow copying. Copy ${what} by hand: ${text}`);
  }

  /** Open the menu of a value. `where` is its place in the lists that Python keeps. */
  function menu(button, { text, where, condition, single = true, more = [] }) {
    openMenu(root, button, text, [
      ["Only these events", () => act({ type: "only", ...where })],
      ["Exclude these events", () => act({ type: "exclude", ...where })],
      ...(single ? [["Group by this field", () => act({ type: "group", ...where })]] : []),
      ...(condition === null ? [] : [[condition === undefined ? "Copy value" : "Copy condition", () => copied(condition ?? text, condition === undefined ? "the value" : "the condition")]]), // one that was too long stays in Python
      ...more,
    ]);
  }

  /** A button with the text of a value that opens its menu. */
  function chip(text, where, condition, single = true, style = "obskit-chip") {
    const button = h("button", { type: "button", class: style, "aria-haspopup": "menu", "aria-expanded": "false", text });
    const open = () => menu(button, { text, where, condition, single });
    button.addEventListener("click", open);
    button.addEventListener("keydown", (event) => {
      if (event.key !== "ArrowDown") return;
      event.preventDefault();
      open();
    });
    return button;
  }

  return { chip, menu, copied };
}
