// A field over a long table: only the rows that hold what is written stay. Without this the table is whole.
(() => {
  "use strict";
  function find(field) {
    const rows = [...document.getElementById(field.dataset.find).querySelectorAll("tbody tr")];
    const words = field.value.toLowerCase().split(/\s+/).filter(Boolean);
    for (const row of rows) row.hidden = !words.every((word) => row.textContent.toLowerCase().includes(word));
    const left = rows.filter((row) => !row.hidden).length;
    field.closest(".find").querySelector("output").textContent = words.length ? `${left} of ${rows.length}` : "";
  }
  document.addEventListener("input", (event) => { if (event.target.matches?.("[data-find]")) find(event.target); });
  for (const field of document.querySelectorAll("[data-find]")) if (field.value) find(field); // as the browser kept it
})();
