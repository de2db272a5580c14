"use strict";
(() => {
  const form = document.getElementById("search");
  const open = (target) => {
    for (let part = target; part; part = part.parentElement) if (part.tagName === "DETAILS") part.open = true;
  };
  const follow = () => {
    const target = location.hash && document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (target) { open(target); target.scrollIntoView(); }
  };
  addEventListener("hashchange", follow);
  follow();
  addEventListener("beforeprint", () => document.querySelectorAll("details.cause").forEach((part) => { part.open = true; }));
  if (!form) return;
  form.hidden = false;
  const words = document.getElementById("words"), kind = document.getElementById("kind"), found = document.getElementById("found");
  const causes = [...document.querySelectorAll("details.cause")].map((row) => [row, row.dataset.words.toLowerCase(), row.dataset.kinds]);
  let rows = null, waiting = 0;
  const filter = () => {
    rows ??= [...document.querySelectorAll("#divergences tbody tr")].map((row) => [row, row.textContent.toLowerCase(), row.dataset.kinds]);
    const wanted = words.value.toLowerCase().split(/\s+/).filter(Boolean), only = kind.value;
    const fits = ([row, text, kinds]) => {
      const shown = wanted.every((word) => text.includes(word)) && (!only || kinds.split(" ").includes(only));
      row.hidden = !shown;
      return shown;
    };
    const shownCauses = causes.filter(fits).length, shownRows = rows.filter(fits).length;
    found.textContent = wanted.length || only ? `${shownCauses} of ${causes.length} causes, ${shownRows} of ${rows.length} divergences` : "";
  };
  const later = () => { cancelAnimationFrame(waiting); waiting = requestAnimationFrame(filter); };
  words.addEventListener("input", later);
  kind.addEventListener("change", later);
  form.addEventListener("submit", (event) => event.preventDefault());
  addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target.matches("input, select, textarea")) { if (event.key === "Escape") { words.value = ""; filter(); words.blur(); } return; }
    if (event.key === "/") { event.preventDefault(); words.focus(); return; }
    if (event.key !== "j" && event.key !== "k") return;
    const shown = causes.map(([row]) => row).filter((row) => !row.hidden).map((row) => row.querySelector("summary"));
    const at = shown.indexOf(document.activeElement);
    const next = shown[event.key === "j" ? Math.min(at + 1, shown.length - 1) : Math.max(at - 1, 0)];
    if (next) next.focus();
  });
})();
