// Asks every 300 ms, while somebody looks, whether the first event arrived. Without it the page has a link to look again.
(() => {
  "use strict";
  const EVERY = 300, AWAY = 3000;
  let known = "";
  async function look(place) {
    if (document.visibilityState !== "visible") return EVERY;
    const headers = known ? { "If-None-Match": known } : {};
    const answer = await fetch(place.dataset.waiting, { headers, cache: "no-store", redirect: "error" });
    if (answer.status === 304) return EVERY;
    if (!answer.ok) return AWAY; // too many pages ask, or the database is away: no hurry
    known = answer.headers.get("ETag") || "";
    const told = new DOMParser().parseFromString(await answer.text(), "text/html");
    place.replaceChildren(...told.body.childNodes);
    document.dispatchEvent(new CustomEvent("htmx:after:swap"));
    return place.querySelector(".arrived") ? 0 : EVERY;
  }
  async function goOn() {
    const place = document.querySelector("[data-waiting]");
    if (!place) return;
    let wait = AWAY, away = true;
    try {
      wait = await look(place);
      away = false;
    } catch { /* the server does not answer, and is asked again */ }
    const told = document.querySelector("[data-waiting-away]");
    if (told) told.hidden = !away;
    if (wait) setTimeout(goOn, wait);
  }
  goOn();
})();
