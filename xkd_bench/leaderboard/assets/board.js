// Sorting of the tables by a click or a key, and a filter of their rows. Without it the page shows the same rows in the
// order of the headline.
"use strict";

for (const table of document.querySelectorAll("table.scores")) {
  const body = table.querySelector("tbody.students");
  const headers = [...table.querySelectorAll("th[data-sort]")];
  for (const header of headers) makeSortable(header, headers, body);
}

function makeSortable(header, headers, body) {
  const button = document.createElement("button");
  button.type = "button";
  button.append(...header.childNodes);
  header.append(button);
  button.addEventListener("click", () => {
    const before = header.getAttribute("aria-sort");
    const first = header.dataset.first || "ascending";
    const opposite = { ascending: "descending", descending: "ascending" };
    const direction = before ? opposite[before] : first;
    for (const other of headers) other.removeAttribute("aria-sort");
    header.setAttribute("aria-sort", direction);
    sortRows(body, columnOf(header), header.dataset.sort, direction);
  });
}

// The place of a header's cells in a row of the body: headers of two rows, some of them two rows high.
function columnOf(header) {
  const rows = [...header.closest("thead").rows];
  if (rows.length === 1) return header.cellIndex;
  const cells = [...rows[0].cells];
  if (header.parentElement === rows[1]) {
    const before = cells.findIndex((cell) => cell.rowSpan === 1);
    return before + header.cellIndex;
  }
  return cells.slice(0, cells.indexOf(header)).reduce((sum, cell) => sum + cell.colSpan, 0);
}

// Cells without a value stay last in both directions; equal ones keep their order.
function sortRows(body, column, kind, direction) {
  const sign = direction === "ascending" ? 1 : -1;
  const key = (row) => row.cells[column].dataset.value ?? "";
  const rows = [...body.rows].sort((one, other) => {
    const [a, b] = [key(one), key(other)];
    if (a === "" || b === "") return (a === "") - (b === "");
    return sign * (kind === "number" ? Number(a) - Number(b) : a.localeCompare(b, "en"));
  });
  body.append(...rows);
}

// What is filtered by stands in the address, behind "#filter:", so that it can be sent to somebody.
const FILTER = "#filter:";
for (const form of document.querySelectorAll("form.filter")) {
  form.hidden = false;
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("input", () => remember(form));
  form.addEventListener("reset", () => setTimeout(() => remember(form)));
  window.addEventListener("hashchange", () => recall(form));
  recall(form);
}

function remember(form) {
  const set = [...new FormData(form)].filter(([, value]) => value !== "");
  const told = new URLSearchParams(set).toString();
  history.replaceState(null, "", told ? FILTER + told : location.pathname);
  filterRows(form);
}

function recall(form) {
  if (!location.hash.startsWith(FILTER)) return;
  const told = new URLSearchParams(location.hash.slice(FILTER.length));
  for (const field of form.querySelectorAll("[name]")) {
    field.value = told.get(field.name) ?? "";
    if (field.selectedIndex === -1) field.value = "";
  }
  filterRows(form);
}

// A section without a row left is hidden with its heading and pictures.
function filterRows(form) {
  const wanted = Object.fromEntries(new FormData(form));
  const text = wanted.text.trim().toLowerCase();
  const most = wanted.parameters ? Number(wanted.parameters) : Infinity;
  let shown = 0;
  for (const section of document.querySelectorAll("section[data-task]")) {
    const { task, modality } = section.dataset;
    const fits = (!wanted.task || wanted.task === task) && (!wanted.modality || wanted.modality === modality);
    let left = 0;
    for (const row of section.querySelectorAll("tr[data-method]")) {
      const { entry, method, parameters } = row.dataset;
      const keep = fits && (!wanted.method || wanted.method === method) && Number(parameters) <= most
        && (!text || `${entry} ${method}`.toLowerCase().includes(text));
      row.hidden = !keep;
      if (keep && row.closest("table.with-student")) left += 1;
    }
    section.hidden = left === 0;
    shown += left;
  }
  const all = document.querySelectorAll("table.with-student tr[data-method]").length;
  form.querySelector("output").textContent = shown === all ? "" : `${shown} of ${all} rows`;
}
