"use strict";
// The page is complete without this: it adds filters, copy buttons and a switch between light and dark.
(() => {
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];
  const form = document.getElementById("filters");

  function filter() {
    const data = new FormData(form);
    const outcomes = new Set(data.getAll("outcome"));
    const words = (data.get("text") || "").toLowerCase().split(/\s+/).filter(Boolean);
    const target = data.get("target") || "";
    const must = data.has("must");
    for (const each of all("[data-target]")) each.classList.toggle("out", target !== "" && each.dataset.target !== target);
    const fits = (element, found) =>
      found.some((outcome) => outcomes.has(outcome)) &&
      !(must && "should" in element.dataset) &&
      words.every((word) => element.textContent.toLowerCase().includes(word));
    const rows = all(".matrix tbody tr");
    let shown = 0;
    for (const row of rows) {
      const cells = all("td[data-outcome]", row).filter((cell) => target === "" || cell.dataset.target === target);
      const fit = fits(row, cells.map((cell) => cell.dataset.outcome));
      row.classList.toggle("out", !fit);
      shown += fit;
    }
    for (const each of all(".detail, .reason")) each.classList.toggle("out", !fits(each, each.dataset.outcomes.split(" ")));
    form.querySelector(".shown").textContent = `${shown} of ${rows.length} clauses shown`;
  }

  if (form) {
    form.hidden = false;
    form.addEventListener("input", filter);
    form.addEventListener("submit", (event) => event.preventDefault());
    form.addEventListener("reset", () => setTimeout(filter));
    filter();
  }

  async function copy(text) {
    try {
      await navigator.clipboard.writeText(text);
      return true;
    } catch {
      // Where the page is not trusted with the clipboard (plain HTTP): the older way.
      const area = document.createElement("textarea");
      area.value = text;
      document.body.append(area);
      area.select();
      const done = document.execCommand("copy");
      area.remove();
      return done;
    }
  }

  for (const box of all("[data-copy]")) {
    const button = document.createElement("button");
    const pre = box.querySelector("pre");
    button.type = "button";
    button.textContent = "Copy";
    button.setAttribute("aria-label", `Copy: ${pre.getAttribute("aria-label")}`);
    button.addEventListener("click", async () => {
      button.textContent = (await copy(pre.textContent)) ? "Copied" : "Select and copy by hand";
      setTimeout(() => { button.textContent = "Copy"; }, 2000);
    });
    box.append(button);
  }

  const theme = document.getElementById("theme");
  theme.hidden = false;
  theme.addEventListener("click", () => {
    const root = document.documentElement;
    const dark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
    root.dataset.theme = dark ? "light" : "dark";
  });

  // Printed, what is folded is shown.
  let opened = [];
  addEventListener("beforeprint", () => {
    opened = all("details:not([open])");
    for (const each of opened) each.open = true;
  });
  addEventListener("afterprint", () => { for (const each of opened) each.open = false; });
  // A link from the matrix opens what its aim is folded in.
  const reveal = () => {
    const aim = location.hash && document.getElementById(decodeURIComponent(location.hash.slice(1)));
    for (let each = aim; each; each = each.parentElement) if (each.tagName === "DETAILS") each.open = true;
  };
  addEventListener("hashchange", reveal);
  reveal();
})();
