// The service map's page: Python's SVG image in the page's own colours, and what one service calls and is called by.

function render({ model, el }) {
  const root = h("div", { class: "obskit obskit-map" });
  const live = h("div", { class: "obskit-hidden", "aria-live": "polite", role: "status" });
  const scroll = h("div", { class: "obskit-map-scroll", tabindex: "0", "aria-label": "Service map" });
  root.append(scroll, live);
  el.append(root);

  // Parsed as XML, never as HTML: Python has escaped all text, and elements that could act are not let in.
  const parsed = new DOMParser().parseFromString(model.get("_svg"), "image/svg+xml").documentElement;
  const known = new Set(["svg", "title", "style", "g", "rect", "path", "text"]);
  const foreign = [parsed, ...parsed.querySelectorAll("*")].some((node) => !known.has(node.localName) || [...node.attributes].some(({ name }) => name.startsWith("on") || name.endsWith("href")));
  if (foreign) {
    scroll.append(h("p", { text: "This map cannot be drawn. Run the cell again." }));
    return undefined;
  }
  const image = document.importNode(parsed, true);
  scroll.append(image);
  const boxes = [...image.querySelectorAll("[data-service]")];
  const lines = [...image.querySelectorAll("[data-caller]")];
  let chosen = null;

  const choose = (service) => {
    chosen = service === chosen ? null : service;
    const near = new Set([chosen]);
    for (const line of lines) {
      const { caller, callee } = line.dataset;
      const on = chosen === null || caller === chosen || callee === chosen;
      line.classList.toggle("obskit-far", !on);
      if (on && chosen !== null) near.add(caller).add(callee);
    }
    for (const box of boxes) {
      box.classList.toggle("obskit-far", chosen !== null && !near.has(box.dataset.service));
      box.setAttribute("aria-pressed", String(box.dataset.service === chosen));
    }
    const box = boxes.find((one) => one.dataset.service === chosen);
    live.textContent = box ? box.querySelector("title").textContent : "All services";
  };
  for (const box of boxes) {
    box.setAttribute("tabindex", "0");
    box.setAttribute("role", "button");
    box.setAttribute("aria-label", box.querySelector("title").textContent);
    box.setAttribute("aria-pressed", "false");
    box.addEventListener("click", () => choose(box.dataset.service));
    box.addEventListener("keydown", (event) => {
      if (event.key === "Enter" || event.key === " ") choose(box.dataset.service);
      else if (event.key === "Escape" && chosen !== null) choose(chosen);
      else return;
      event.preventDefault();
      event.stopPropagation();
    });
  }
  // The boxes can be reached one by one, so the image is no longer one thing with one name.
  image.setAttribute("role", "group");
  const unfollow = followPage(root, model.get("_still"), () => {});
  return unfollow;
}

export default { render };
