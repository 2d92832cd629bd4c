"use strict";
// Everything from machines stays text: nodes are moved, never built from strings.
const every = 5000;
let column = null;
let descending = false;

const filter = document.createElement("input");
filter.id = "filter";
filter.type = "search";
filter.placeholder = "filter: name, address, state, error";
filter.setAttribute("aria-label", filter.placeholder);
const stale = document.createElement("p");
stale.id = "stale";
stale.setAttribute("role", "status");

function arrange() {
  const words = filter.value.toLowerCase().split(/\s+/).filter(Boolean);
  const body = document.querySelector("#machines tbody");
  const rows = [...body.rows];
  for (const row of rows) {
    const text = row.textContent.toLowerCase() + " " + row.querySelector(".name").title.toLowerCase();
    row.hidden = !words.every((word) => text.includes(word));
  }
  if (column !== null) {
    const text = (row) => row.querySelector("td." + column).textContent;
    const compare = (a, b) => text(a).localeCompare(text(b), "en", { numeric: true });
    rows.sort((a, b) => (descending ? compare(b, a) : compare(a, b)));
    body.append(...rows);
  }
  for (const head of document.querySelectorAll("#machines th")) {
    const order = head.dataset.column !== column ? "none" : descending ? "descending" : "ascending";
    head.setAttribute("aria-sort", order);
  }
}

function equip() {
  document.querySelector("#machines").before(filter, stale);
  for (const head of document.querySelectorAll("#machines th")) {
    const button = document.createElement("button");
    button.textContent = head.textContent;
    button.addEventListener("click", () => {
      descending = column === head.dataset.column && !descending;
      column = head.dataset.column;
      arrange();
    });
    head.replaceChildren(button);
  }
  arrange();
}

async function refresh() {
  try {
    const answer = await fetch("status", { cache: "no-store" });
    if (!answer.ok) throw new Error(answer.status);
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const fresh = page.querySelector("#status");
    const focused = document.activeElement === filter;
    document.querySelector("#status").replaceWith(document.adoptNode(fresh));
    document.title = page.title;
    stale.textContent = "";
    equip();
    if (focused) filter.focus();
  } catch (error) {
    stale.textContent = "The server does not answer; this is how it was.";
  }
  setTimeout(refresh, every);
}

filter.addEventListener("input", arrange);
equip();
setTimeout(refresh, every);
