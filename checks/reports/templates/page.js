// What the page does beyond being read: filters, keys, links to claims, and what a bar of a strip stands for.
"use strict";
(() => {
  const form = document.querySelector(".filter");
  const output = form.querySelector("output");
  const list = document.querySelector(".claims");
  const none = document.querySelector(".none");
  const tip = document.querySelector(".tip");
  const nights = JSON.parse(document.getElementById("nights").textContent);
  const words = { h: "held", b: "broken", u: "unverified", a: "accepted", "-": "not made" };
  const claims = Array.from(document.querySelectorAll(".claim"), (item) => ({
    item, id: item.dataset.id, area: item.dataset.area, word: item.dataset.word, text: null, shown: true,
  }));
  const byId = new Map(claims.map((claim) => [claim.id, claim]));

  const has = (claim, wanted) => {
    claim.text ??= claim.item.textContent.toLowerCase();
    return wanted.every((part) => claim.text.includes(part));
  };
  const filter = () => {
    const data = new FormData(form);
    const wanted = data.get("text").toLowerCase().split(/\s+/).filter(Boolean);
    const area = data.get("area");
    const chosen = new Set(data.getAll("word"));
    for (const claim of claims) {
      claim.shown = chosen.has(claim.word) && (!area || claim.area === area) && has(claim, wanted);
    }
    const items = claims.filter((claim) => claim.shown).map((claim) => claim.item);
    const now = Array.from(list.children);
    if (items.length !== now.length || items.some((item, place) => item !== now[place])) {
      list.replaceChildren(...items);  // ten times faster than hiding hundreds of them
    }
    const shown = items.length;
    const all = claims.length.toLocaleString("en");
    output.textContent = shown === claims.length ? `${all} claims` : `${shown.toLocaleString("en")} of ${all} claims`;
    none.hidden = shown > 0;
  };
  form.addEventListener("input", filter);
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("reset", () => setTimeout(filter));

  const reveal = () => {
    let id = location.hash.slice(1);
    try { id = decodeURIComponent(id); } catch { /* as it stands */ }
    const claim = byId.get(id);
    if (!claim) return;
    if (!claim.shown) { form.reset(); filter(); }
    const details = claim.item.querySelector("details");
    details.open = true;
    claim.item.scrollIntoView({ block: "start", behavior: "instant" });
    details.querySelector("summary").focus({ preventScroll: true });
  };
  addEventListener("hashchange", reveal);
  reveal();

  const step = (by) => {
    const shown = claims.filter((claim) => claim.shown);
    const now = shown.findIndex((claim) => claim.item.contains(document.activeElement));
    const next = shown[Math.min(Math.max(now < 0 && by < 0 ? 0 : now + by, 0), shown.length - 1)];
    if (!next) return;
    const summary = next.item.querySelector("summary");
    summary.focus({ preventScroll: true });
    summary.scrollIntoView({ block: "nearest", behavior: "instant" });
  };
  addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "Escape") { form.reset(); return; }
    if (event.target.closest("input, select, textarea")) return;
    if (event.key === "/") { event.preventDefault(); form.elements.text.focus(); form.elements.text.select(); }
    if (event.key === "j") step(1);
    if (event.key === "k") step(-1);
  });

  document.addEventListener("pointermove", (event) => {
    const strip = event.target.closest?.(".strip");
    tip.hidden = true;
    if (!strip) return;
    const box = strip.getBoundingClientRect();
    const letters = strip.dataset.strip;
    const slots = strip.viewBox.baseVal.width;
    const slot = Math.min(Math.max(Math.floor((event.clientX - box.left) / box.width * slots), 0), slots - 1);
    const night = slot - slots + letters.length;
    if (night < 0) return;
    tip.hidden = false;
    tip.textContent = `${nights[night]}: ${words[letters[night]]}`;
    tip.style.left = `${Math.min(event.clientX + 12, innerWidth - tip.offsetWidth - 8)}px`;
    tip.style.top = `${box.top - 26}px`;
  });
})();
