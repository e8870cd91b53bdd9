// The page works without this. With it: times in the reader's zone, one tooltip for charts, arrow keys in the heat map,
// columns that open in place, a theme that is kept, and the large chart once it comes into view.
(() => {
  "use strict";
  const tip = () => document.getElementById("tip");

  // Times
  const exact = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "medium" });
  const long = new Intl.DateTimeFormat("en-GB", { dateStyle: "long" }); // as the server wrote it, so that nothing moves
  const clock = new Intl.DateTimeFormat(undefined, { timeStyle: "medium", hourCycle: "h23" });
  const dated = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short", year: "numeric", hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" });
  const units = [["year", 31557600], ["month", 2629800], ["day", 86400], ["hour", 3600], ["minute", 60], ["second", 1]];
  function lapse(seconds) {
    for (const [name, size] of units) {
      const least = name === "year" || name === "month" ? 2 * size : size;
      if (seconds >= least || name === "second") {
        const count = Math.floor(seconds / size);
        return `${count} ${name}${count === 1 ? "" : "s"}`;
      }
    }
  }
  function tellTimes() {
    for (const time of document.querySelectorAll("time[data-ago]")) {
      const when = new Date(time.dateTime);
      const seconds = (Date.now() - when) / 1000;
      if (time.dataset.ago === "clock") time.textContent = (when.toDateString() === new Date().toDateString() ? clock : dated).format(when);
      else if (time.dataset.ago === "for") time.textContent = seconds > 5184000 ? `since ${long.format(when)}` : `for ${lapse(Math.max(seconds, 0))}`;
      else if (seconds > 5184000) time.textContent = long.format(when);
      else if (seconds >= -60) time.textContent = seconds < 10 ? "just now" : `${lapse(seconds)} ago`;
      if (!time.dataset.told) {
        time.dataset.told = "1";
        time.title = `${exact.format(when)} (your time)\n${time.title}`;
      }
    }
  }

  // Theme
  function toggleTheme() {
    const root = document.documentElement;
    const now = root.dataset.theme || (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light");
    root.dataset.theme = now === "dark" ? "light" : "dark";
    try { localStorage.setItem("theme", root.dataset.theme); } catch { /* not kept, and still changed */ }
    document.dispatchEvent(new CustomEvent("theme"));
  }

  // Tooltip: a title works everywhere; here it shows at once, on focus too, and by touch.
  let told = null;
  function tell(target) {
    const holder = target.closest?.(".heat a, .hit, .incident, time, .badge, .sparkline");
    if (holder && holder === told) return;
    silence();
    if (!holder) return;
    const inner = holder.querySelector?.(":scope > title");
    const text = holder.dataset.tip || inner?.textContent || holder.getAttribute("title") || cellText(holder);
    if (!text) return;
    inner?.remove();
    holder.removeAttribute("title");
    show(holder, text);
  }
  function show(holder, text) {
    holder.dataset.tip = text;
    told = holder;
    const box = tip();
    const [head, ...rest] = text.split("\n");
    const strong = document.createElement("strong");
    strong.textContent = head;
    box.replaceChildren(strong, ...rest.map((line) => Object.assign(document.createElement("div"), { textContent: line })));
    box.hidden = false;
    const at = holder.getBoundingClientRect(), size = box.getBoundingClientRect();
    const left = Math.min(Math.max(8, at.left + at.width / 2 - size.width / 2), document.documentElement.clientWidth - size.width - 8);
    const above = at.top - size.height - 8;
    box.style.left = `${left}px`;
    box.style.top = `${above > 8 ? above : Math.min(at.bottom + 8, innerHeight - size.height - 8)}px`;
    holder.classList.add("told");
  }
  // A calm cell of the heat map carries no words: its column's head has the window, its class the level.
  function cellText(link) {
    const cell = link.closest("td"), table = link.closest(".heat");
    return cell && `${table.rows[0].cells[cell.cellIndex].title}\n${table.dataset[link.classList[0]]}, PSI ${link.textContent}`;
  }
  function silence() {
    told?.classList.remove("told");
    told = null;
    const box = tip();
    if (box) box.hidden = true;
  }

  // The numbers of a chart: the table is fetched once, when it is opened or first pointed at, and tells the hover.
  const tables = new WeakMap();
  function numbersOf(details) {
    if (!tables.has(details)) {
      const place = details.querySelector(".scroll");
      const asked = window.htmx.ajax("GET", details.dataset.numbers, { target: place, headers: { "X-Part": "numbers" } });
      tables.set(details, asked.then(() => rowsOf(place)));
    }
    return tables.get(details);
  }
  function rowsOf(place) {
    const heads = [...place.querySelectorAll("thead th")].map((head) => head.textContent);
    return [...place.querySelectorAll("tbody tr")].map((row) => {
      const [name, ...values] = [...row.cells].map((cell) => cell.textContent);
      const lines = values.map((value, n) => `${heads[n + 1]}: ${value}`);
      return { from: parseFloat(row.dataset.from), to: parseFloat(row.dataset.to), text: [name, ...lines].join("\n") };
    });
  }
  async function follow(event) {
    const chart = event.target.closest?.(".plot");
    const details = chart?.closest("figure")?.querySelector("details[data-numbers]");
    if (!details || !window.htmx || event.target.closest(".incident")) return;
    const box = chart.getBoundingClientRect();
    const at = ((event.clientX - box.left) / box.width) * 100;
    const rows = await numbersOf(details);
    if (!chart.matches(":hover")) return;
    const row = rows.find((one) => one.from <= at && at < one.to);
    if (!row) { silence(); return; }
    const cursor = chart.querySelector(".cursor");
    if (told === cursor && cursor.dataset.tip === row.text) return;
    silence();
    cursor.setAttribute("x", `${row.from}%`);
    cursor.setAttribute("width", `${row.to - row.from}%`);
    show(cursor, row.text);
  }

  // Heat map: one stop for the tab key, arrows inside.
  function readyHeat() {
    for (const map of document.querySelectorAll(".heat:not([data-ready])")) {
      map.dataset.ready = "1";
      map.parentElement.scrollLeft = map.parentElement.scrollWidth; // what is new is at the right
      const cells = [...map.querySelectorAll("td a")];
      cells.forEach((cell, n) => { cell.tabIndex = n ? -1 : 0; });
    }
  }
  function moveInHeat(event) {
    const step = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] }[event.key];
    const cell = event.target.closest?.(".heat td");
    if (!step || !cell) return;
    event.preventDefault();
    let row = cell.parentElement, n = cell.cellIndex, next = null;
    const rows = [...row.parentElement.rows];
    let r = rows.indexOf(row);
    while (!next) {
      r += step[0];
      n += step[1];
      const there = rows[r]?.cells[n];
      if (!there || n < 1) return;
      next = there.querySelector("a");
    }
    event.target.tabIndex = -1;
    next.tabIndex = 0;
    next.focus();
  }

  // Columns open in place; without htmx the link loads the page.
  function openColumn(event) {
    const link = event.target.closest?.("a[data-column], .heat a");
    if (!link || !window.htmx || event.metaKey || event.ctrlKey || event.shiftKey || event.button) return;
    event.preventDefault();
    openAt(link.href, link);
  }
  function openAt(href, link) {
    const section = document.getElementById("column");
    const url = new URL(href, location.href);
    section.setAttribute("aria-busy", "true");
    window.htmx.ajax("GET", url.pathname + url.search, { target: "#column", swap: "outerHTML", headers: { "X-Part": "column" } })
      .then(() => {
        history.pushState({ htmx: true }, "", url.href);
        const row = link?.closest?.(".heat tr");
        if (row) {
          row.parentElement.querySelector(".chosen")?.classList.remove("chosen");
          row.classList.add("chosen");
        }
        const opened = document.getElementById("column");
        if (opened.getBoundingClientRect().top > innerHeight * 0.7) opened.scrollIntoView({ block: "nearest", behavior: calm() });
      });
  }
  const calm = () => (matchMedia("(prefers-reduced-motion: reduce)").matches ? "auto" : "smooth");

  // The large chart
  function readyTimeline() {
    const place = document.querySelector(".timeline:not([data-ready])");
    if (!place) return;
    place.dataset.ready = "1";
    new IntersectionObserver((entries, watcher) => {
      if (!entries.some((entry) => entry.isIntersecting)) return;
      watcher.disconnect();
      const script = document.createElement("script");
      script.src = place.dataset.script;
      document.head.append(script);
    }, { rootMargin: "300px" }).observe(place);
  }

  // The menu closes when something else is done.
  function closeMenu(target) {
    const menu = document.querySelector("[data-menu][open]");
    if (menu && !menu.contains(target)) menu.open = false;
  }

  function ready() {
    tellTimes();
    readyHeat();
    readyTimeline();
  }

  document.addEventListener("click", (event) => {
    if (event.target.closest?.("[data-theme-toggle]")) toggleTheme();
    const copy = event.target.closest?.("[data-copy]");
    if (copy) {
      navigator.clipboard?.writeText(copy.previousElementSibling.textContent).then(() => { copy.textContent = "Copied"; });
    }
    closeMenu(event.target);
    openColumn(event);
  });
  document.addEventListener("submit", (event) => {
    if (!event.target.matches(".pick") || !window.htmx) return;
    event.preventDefault();
    openAt(`${event.target.action.split("#")[0]}?${new URLSearchParams(new FormData(event.target))}#column`);
  });
  document.addEventListener("change", (event) => {
    if (event.target.matches(".pick select")) event.target.form.requestSubmit();
  });
  document.addEventListener("mouseover", (event) => tell(event.target));
  document.addEventListener("pointermove", follow);
  document.addEventListener("pointerdown", follow);
  document.addEventListener("toggle", (event) => { if (event.target.matches?.("details[data-numbers]") && window.htmx) numbersOf(event.target); }, true);
  document.addEventListener("focusin", (event) => { tell(event.target); closeMenu(event.target); });
  document.addEventListener("focusout", silence);
  document.addEventListener("scroll", silence, { passive: true, capture: true });
  document.addEventListener("keydown", (event) => { if (event.key === "Escape") { silence(); closeMenu(null); } else moveInHeat(event); });
  // A part that refreshes itself waits while somebody is at a field in it. (Filters of triggers would need eval.)
  document.addEventListener("htmx:before:request", (event) => {
    const at = document.activeElement;
    const part = at && at.closest("#incident, #channel");
    if (part && part === event.target && at.closest("form") && !at.matches("button")) event.preventDefault();
  });
  document.addEventListener("htmx:after:swap", () => { silence(); ready(); });
  document.addEventListener("htmx:response:error", (event) => {
    const link = event.detail?.ctx?.request?.action;
    if (link && document.querySelector("#column[aria-busy]")) location.assign(link);
  });
  setInterval(tellTimes, 20000);
  ready();
})();
