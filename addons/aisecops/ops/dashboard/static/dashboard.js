// Live pages and the keyboard. Everything works without this file; nothing here makes a page's content.

const AT_MOST_EVERY_MS = 1000;
const body = document.body;

// -- live: when the record has grown, the parts of the page that can change are asked for again --------------------

let asked = false;
let due = false;

async function again() {
  if (asked) { due = true; return; }
  asked = true;
  try {
    const answer = await fetch(location.href, { headers: { accept: "text/html" }, redirect: "error" });
    if (answer.ok) {
      replace(new DOMParser().parseFromString(await answer.text(), "text/html"));
      document.dispatchEvent(new Event("fresh"));
    }
  } catch { /* the stream says that nobody answers */ }
  setTimeout(() => { asked = false; if (due) { due = false; again(); } }, AT_MOST_EVERY_MS);
}

function replace(fresh) {
  for (const part of document.querySelectorAll("[data-live-part]")) {
    const now = fresh.getElementById(part.id);
    if (!now || now.isEqualNode(part) || part.querySelector("details[open] form")) continue; // somebody is typing
    const held = part.contains(document.activeElement) ? document.activeElement.getAttribute("href") : null;
    const opened = [...part.querySelectorAll("details[open][id]")].map((one) => one.id);
    part.replaceWith(now);
    for (const id of opened) document.getElementById(id)?.setAttribute("open", "");
    if (held) now.querySelector(`[href="${CSS.escape(held)}"]`)?.focus();
  }
  const side = fresh.querySelector(".side nav");
  if (side) document.querySelector(".side nav")?.replaceWith(side);
  document.title = fresh.title;
}

if ("live" in body.dataset) {
  const root = body.dataset.live;
  const status = document.querySelector("[data-live-status]");
  const stream = new EventSource("/live");
  stream.addEventListener("changed", (event) => {
    const { roots } = JSON.parse(event.data);
    if (!root || roots === null || roots.includes(root)) again();
  });
  stream.addEventListener("open", () => { status.hidden = true; });
  stream.addEventListener("error", () => {
    status.textContent = "Not live: the control plane does not answer";
    status.hidden = false;
  });
}

// -- light and dark ------------------------------------------------------------------------------------------------

document.querySelector("[data-theme-switch]")?.addEventListener("click", () => {
  const dark = matchMedia("(prefers-color-scheme: dark)").matches;
  const now = document.documentElement.dataset.theme || (dark ? "dark" : "light");
  const next = now === "dark" ? "light" : "dark";
  document.documentElement.dataset.theme = next;
  document.cookie = `aisecops_theme=${next}; path=/; max-age=31536000; samesite=strict`;
});

// -- keyboard ------------------------------------------------------------------------------------------------------

const PLACES = { o: "/", r: "/runs", a: "/approvals", p: "/policy", i: "/inventory", e: "/evaluation", m: "/maturity" };
const keys = document.querySelector("dialog.keys");
let going = false;

document.querySelector("[data-keys]")?.addEventListener("click", () => keys.showModal());

function step(by) {
  const rows = [...document.querySelectorAll("[data-row]")];
  if (!rows.length) return;
  const at = rows.indexOf(document.activeElement);
  rows[at < 0 ? (by > 0 ? 0 : rows.length - 1) : Math.min(rows.length - 1, Math.max(0, at + by))].focus();
}

document.addEventListener("keydown", (event) => {
  const typing = event.target.closest?.("input, textarea, select, dialog");
  if (!keys || typing || event.ctrlKey || event.metaKey || event.altKey) return;
  if (going) {
    going = false;
    if (PLACES[event.key]) { event.preventDefault(); location.assign(PLACES[event.key]); }
    return;
  }
  const reason = { a: "[data-approve] textarea", d: "[data-deny] textarea" }[event.key];
  if (event.key === "g") going = true;
  else if (event.key === "j") step(1);
  else if (event.key === "k") step(-1);
  else if (event.key === "?") keys.showModal();
  else if (reason && document.querySelector(reason)) document.querySelector(reason).focus();
  else return;
  event.preventDefault();
});
