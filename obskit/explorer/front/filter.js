// The filter line: a condition with completion from the catalogue, and what is wrong with it while it is typed.

/** Return {node, show(asked), answer(message), edit(text, step), focus()}; `act` applies, `ask` only asks. */
function makeFilter({ act, ask, say }) {
  const id = `obskit-offers-${Math.random().toString(36).slice(2)}`;
  const input = h("input", {
    type: "text",
    class: "obskit-filter-input",
    role: "combobox",
    "aria-expanded": "false",
    "aria-autocomplete": "list",
    "aria-controls": id,
    "aria-label": "Filter: a condition such as http.route = '/book' and duration_ms > 500",
    placeholder: "Filter: field, operator, value, such as http.route = '/book' and duration_ms > 500",
    spellcheck: "false",
    autocomplete: "off",
  });
  const list = h("ul", { class: "obskit-offers", id, role: "listbox", "aria-label": "Completions", hidden: true });
  const problem = h("div", { class: "obskit-problem", role: "note" });
  const drop = h("div", { class: "obskit-drop", hidden: true }, list, problem);
  const chips = h("div", { class: "obskit-steps" });
  const add = h("button", { type: "button", text: "Apply", onclick: () => apply() });
  const node = h("div", { class: "obskit-filter" }, chips, h("div", { class: "obskit-filter-row" }, h("div", { class: "obskit-filter-box" }, input, drop), add));
  const state = { offers: [], at: -1, asked: 0, cursor: 0, step: null, sent: null, later: null };

  function close() {
    state.offers = [];
    state.at = -1;
    list.hidden = drop.hidden = true;
    input.setAttribute("aria-expanded", "false");
    input.removeAttribute("aria-activedescendant");
  }

  function explain(error, hint) {
    problem.replaceChildren(...(error ? [error, hint ? h("span", { class: "obskit-advice", text: ` Hint: ${hint}` }) : ""] : []));
  }

  function query() {
    clearTimeout(state.later);
    state.later = setTimeout(() => {
      state.asked += 1;
      state.cursor = cursor();
      ask({ type: "complete", text: input.value, at: state.cursor, asked: state.asked });
    }, 60);
  }

  function cursor() {
    return input.selectionStart ?? input.value.length;
  }

  /** Put an offer into the line. What was typed since it was asked for belongs to the word that it replaces. */
  function choose(offer) {
    const end = offer.end + cursor() - offer.cursor;
    input.value = input.value.slice(0, offer.begin) + offer.insert + input.value.slice(Math.max(end, offer.begin));
    const at = offer.begin + offer.insert.length;
    input.setSelectionRange(at, at);
    input.focus();
    close();
    query();
  }

  /** Show these offers, and point at the one that was pointed at if it is among them. */
  function offer(offers) {
    const pointed = state.offers[state.at]?.insert;
    state.offers = offers;
    list.replaceChildren(
      ...offers.map((one, at) =>
        h(
          "li",
          { id: `${id}-${at}`, role: "option", "aria-selected": "false", onpointerdown: (event) => (event.preventDefault(), choose(one)) },
          h("code", { text: one.text }),
          h("span", { class: "obskit-detail", text: one.detail }),
        ),
      ),
    );
    point(offers.findIndex(({ insert }) => insert === pointed));
    list.hidden = !offers.length;
    drop.hidden = !offers.length && !problem.textContent;
    input.setAttribute("aria-expanded", String(Boolean(offers.length)));
  }

  /** Leave only the offers that what is typed now still fits, until newer ones come. */
  function narrow() {
    if (!state.offers.length) return;
    const fits = ({ begin, text }) => text.toLowerCase().includes(input.value.slice(begin, cursor()).replace(/['"]/g, "").trim().toLowerCase());
    offer(cursor() < state.offers[0].begin ? [] : state.offers.filter(fits));
  }

  function point(at) {
    state.at = at;
    [...list.children].forEach((row, index) => row.setAttribute("aria-selected", String(index === at)));
    const row = list.children[at];
    if (row) {
      input.setAttribute("aria-activedescendant", row.id);
      row.scrollIntoView({ block: "nearest" });
    } else input.removeAttribute("aria-activedescendant");
  }

  function apply() {
    const text = input.value.trim();
    if (!text) return;
    act({ type: "filter", text, step: state.step });
    state.sent = text;
    clearTimeout(state.later);
    state.asked += 1; // what is still being completed is not wanted any more
    close();
  }

  input.addEventListener("input", () => {
    state.sent = null;
    narrow();
    query();
  });
  input.addEventListener("focus", query);
  // a notebook may take the focus and give it back at once
  input.addEventListener("blur", () => setTimeout(() => input.matches(":focus") || close(), 150));
  input.addEventListener("keydown", (event) => {
    event.stopPropagation();
    const open = !drop.hidden;
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      if (!open || !state.offers.length) query();
      else point((state.at + (event.key === "ArrowDown" ? 1 : -1) + state.offers.length) % state.offers.length);
    } else if (event.key === "Enter" || event.key === "Tab") {
      if (open && state.at >= 0) {
        event.preventDefault();
        choose(state.offers[state.at]);
      } else if (event.key === "Enter") apply();
      else close();
    } else if (event.key === "Escape") {
      if (open) close();
      else {
        input.value = "";
        state.step = null;
        problem.textContent = "";
      }
    }
  });

  return {
    node,
    focus: () => input.focus(),
    /** Show the conditions that hold; the text stays in the line until it is one of them. */
    show(asked) {
      if (state.sent !== null && input.value.trim() === state.sent) {
        input.value = "";
        state.step = null;
        problem.textContent = "";
      }
      state.sent = null;
      const step = ({ text, whole }, index) =>
        h(
          "span",
          { class: "obskit-step" },
          h("button", {
            type: "button",
            class: "obskit-step-text",
            title: whole === null ? "Too long to be changed here; the code has all of it" : "Change this condition",
            disabled: whole === null,
            onclick: () => {
              input.value = whole;
              state.step = index;
              input.focus();
            },
          }, h("code", { text })),
          h("button", { type: "button", "aria-label": `Remove ${text}`, title: "Remove", text: "×", onclick: () => act({ type: "remove", step: index }) }),
        );
      chips.replaceChildren(
        ...(asked.opened ? [h("span", { class: "obskit-step obskit-step-fixed", title: "The Explorer was opened with this condition" }, h("code", { text: asked.opened }))] : []),
        ...asked.steps.map(step),
      );
    },
    /** Show next to the line why the condition that was applied is rejected. */
    rejected(error, hint) {
      if (state.sent === null || input.value.trim() !== state.sent) return;
      state.sent = null;
      explain(error, hint);
      drop.hidden = false;
    },
    /** Show what Python answered to what was typed; an older answer is dropped. */
    answer({ asked, offers, error, hint }) {
      if (asked !== state.asked) return;
      // The beginning of a word that can be completed is no mistake.
      const complete = input.value.trim() !== "" && !offers.some(({ begin, end }) => begin < end) && error;
      explain(complete ? error : "", hint);
      if (!input.matches(":focus")) return; // a page may keep the widget in a shadow tree of its own
      offer(offers.map((one) => ({ ...one, cursor: state.cursor })));
      if (offers.length) say(`${offers.length} completions, the first is ${offers[0].text}`);
      else if (complete) say(error);
    },
    stop: () => clearTimeout(state.later),
  };
}
