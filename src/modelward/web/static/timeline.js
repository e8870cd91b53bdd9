// The large chart, loaded with Plotly when it comes into view.
(async () => {
  "use strict";
  const place = document.querySelector(".timeline");
  // Plotly writes its own <style> unless it finds these; our policy allows none, and timeline.css has what is needed.
  for (const id of ["plotly.js-style-global", "9f215cf04c5486422605d13261cb87401f4e7763b6296af81e98efbc0130da53"]) {
    if (document.getElementById(id)) continue;
    const guard = document.createElement("meta");
    guard.id = id;
    guard.className = "no-inline-styles";
    document.head.append(guard);
  }
  const load = (tag, attributes) => new Promise((done, failed) => {
    const element = Object.assign(document.createElement(tag), attributes, { onload: done, onerror: failed });
    document.head.append(element);
  });
  const [answer] = await Promise.all([
    fetch(place.dataset.timeline, { headers: { Accept: "application/json" } }),
    window.Plotly || load("script", { src: place.dataset.plotly }),
    document.querySelector("link[data-timeline-style]") || load("link", { rel: "stylesheet", href: place.dataset.style }),
  ]);
  if (!answer.ok) return;
  const data = await answer.json();
  const phone = () => place.clientWidth < 560;
  const token = (name) => {
    const probe = document.createElement("i");
    probe.className = `probe-${name}`;
    place.append(probe);
    const color = getComputedStyle(probe).color;
    probe.remove();
    return color;
  };
  const middle = data.starts.map((start, n) => new Date((Date.parse(`${start}Z`) + Date.parse(`${data.ends[n]}Z`)) / 2).toISOString().slice(0, 19));

  // Names are the user's: Plotly reads a little HTML in text, so what could be read as such is made plain.
  const plain = (text) => text.replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;");
  const short = (text) => (text.length > 20 ? `${text.slice(0, 6)}…${text.slice(-13)}` : text);

  function draw() {
    const ink = token("ink"), grid = token("grid"), muted = token("muted");
    const lines = data.columns.slice(0, phone() ? 4 : 8).map((column, n) => ({
      type: "scatter", mode: column.since && !phone() ? "lines+markers" : "lines", name: plain(short(column.name)), x: middle, y: column.psi, connectgaps: false,
      line: { color: token(`series-${(n % 8) + 1}`), width: column.since ? 2.5 : 1.25, dash: n > 3 ? "dot" : "solid" },
      marker: { size: 4 }, opacity: column.since ? 1 : 0.75,
      hovertemplate: `%{y:.3f}<extra>${plain(short(column.name))}</extra>`,
    }));
    const bars = {
      type: "bar", name: data.volume, x: middle, y: data.rows, yaxis: "y2", marker: { color: token("reference") }, showlegend: false,
      hovertemplate: `%{y:,} ${data.volume}<extra></extra>`,
    };
    const marks = [...new Set(data.columns.map((column) => column.since).filter(Boolean))];
    const dashed = data.thresholds.map((limit) => ({
      type: "line", xref: "paper", x0: 0, x1: 1, y0: limit, y1: limit, line: { color: muted, width: 1, dash: "dash" },
    }));
    const incidents = marks.map((at) => ({ type: "line", x0: at, x1: at, yref: "paper", y0: 0, y1: 1, line: { color: token("drifted"), width: 1.5 } }));
    const axis = { gridcolor: grid, zerolinecolor: grid, linecolor: grid, tickfont: { color: muted }, fixedrange: false };
    const layout = {
      height: place.clientHeight, margin: { l: 48, r: 12, t: 8, b: 32 }, hovermode: phone() ? "closest" : "x unified", dragmode: "zoom",
      paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)", font: { family: getComputedStyle(place).fontFamily, size: 12, color: ink },
      hoverlabel: { bgcolor: token("surface"), bordercolor: grid, font: { color: ink } },
      legend: { orientation: "h", y: 1.02, yanchor: "bottom", x: 0, font: { size: 12 } }, shapes: [...dashed, ...incidents],
      xaxis: { ...axis, type: "date", anchor: "y2", tickangle: 0, nticks: phone() ? 4 : 12, range: [data.starts[0], data.ends.at(-1)], hoverformat: data.noun === "hour" || data.noun === "window" ? "%-d %b %Y, %H:%M" : "%a %-d %b %Y" },
      yaxis: { ...axis, domain: [0.32, 1], rangemode: "tozero", fixedrange: true, title: { text: "PSI", font: { size: 12, color: muted } } },
      yaxis2: { ...axis, domain: [0, 0.22], rangemode: "tozero", fixedrange: true, nticks: 3 },
      barmode: "overlay", bargap: 0.1,
    };
    return window.Plotly.react(place, [...lines, bars], layout, { displayModeBar: false, responsive: true, doubleClick: "reset" });
  }

  place.replaceChildren();
  await draw();
  place.dataset.drawn = "1";
  const zoomed = document.querySelector("[data-zoomed]");
  place.on("plotly_relayout", (change) => {
    const from = change["xaxis.range[0]"], to = change["xaxis.range[1]"];
    zoomed.hidden = !from;
    if (from) zoomed.href = `${place.dataset.path}?${new URLSearchParams({ from: from.slice(0, 10), to: to.slice(0, 10) })}`;
  });
  document.addEventListener("theme", draw);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
})();
