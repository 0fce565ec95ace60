// Keys, menus and the search among filters: all of it only a shorter way to links that are on the page.

const root = document.documentElement;
const help = /** @type {HTMLDialogElement} */ (document.getElementById("help"));
const enabled = /** @type {HTMLInputElement} */ (document.getElementById("keys-enabled"));
const OFF = "qoe-keys-off";

/** @param {string} name @param {string} value */
function go(name, value) {
  const url = new URL(location.href);
  url.searchParams.set(name, value);
  location.assign(url);
}

const localZone = Intl.DateTimeFormat().resolvedOptions().timeZone || "UTC";
const local = document.getElementById("local-zone");
if (local && ![...document.querySelectorAll("[data-zone]")].some((link) => link instanceof HTMLElement && link.dataset.zone === localZone)) {
  const url = new URL(location.href);
  url.searchParams.set("tz", localZone);
  const link = /** @type {HTMLAnchorElement} */ (local.querySelector("a"));
  link.href = url.pathname + url.search;
  /** @type {HTMLElement} */ (link.firstElementChild).textContent = localZone;
  local.hidden = false;
}

function toggleTheme() {
  const dark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  go("theme", dark ? "light" : "dark");
}

/** @param {number} step */
function move(step) {
  const rows = [.../** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll("[data-row]"))];
  const at = rows.indexOf(/** @type {HTMLElement} */ (document.activeElement));
  rows[Math.min(Math.max(at + step, 0), rows.length - 1)]?.focus();
}

function findFilter() {
  const menu = /** @type {HTMLDetailsElement | null} */ (document.getElementById("filter-menu"));
  if (!menu) return;
  menu.open = true;
  document.getElementById("filter-search")?.focus();
}

/** Shows the filter values that contain what is typed. Called anew when the values change. */
export function search() {
  const input = /** @type {HTMLInputElement | null} */ (document.getElementById("filter-search"));
  if (!input) return;
  /** @type {HTMLElement} */ (input.parentElement).hidden = false;
  const wanted = input.value.trim().toLowerCase();
  for (const link of /** @type {NodeListOf<HTMLAnchorElement>} */ (document.querySelectorAll(".filter-columns a"))) {
    const text = `${link.textContent} ${link.title}`.toLowerCase();
    /** @type {HTMLElement} */ (link.parentElement).hidden = !text.includes(wanted);
  }
}

/** @type {Record<string, () => void>} */
const actions = {
  "/": findFilter,
  "?": () => help.showModal(),
  t: () => go("tz", root.dataset.zone === "UTC" ? localZone : "UTC"),
  d: toggleTheme,
  l: () => document.getElementById("language")?.click(),
  j: () => move(1),
  k: () => move(-1),
};

document.addEventListener("keydown", (event) => {
  const on = /** @type {HTMLElement} */ (event.target);
  if (event.key === "Escape") closeMenus(null);
  const typing = on.closest("input, textarea, select, dialog") !== null;
  if (typing || event.ctrlKey || event.altKey || event.metaKey) return;
  const rows = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (rows && on.matches("[data-row]")) move(rows);
  else if (!enabled.checked || !Object.hasOwn(actions, event.key)) return;
  else actions[event.key]?.();
  event.preventDefault();
});

/** @param {Element | null} except */
function closeMenus(except) {
  for (const menu of document.querySelectorAll("details.menu[open]")) {
    if (menu === except) continue;
    if (menu.contains(document.activeElement)) menu.querySelector("summary")?.focus();
    menu.removeAttribute("open");
  }
}

document.addEventListener("click", (event) => closeMenus(/** @type {Element} */ (event.target).closest("details.menu")));
document.addEventListener("input", (event) => {
  if (/** @type {Element} */ (event.target).id === "filter-search") search();
});

enabled.checked = localStorage.getItem(OFF) === null;
enabled.addEventListener("change", () => (enabled.checked ? localStorage.removeItem(OFF) : localStorage.setItem(OFF, "1")));
const button = document.getElementById("help-button");
if (button) {
  button.hidden = false;
  button.addEventListener("click", () => help.showModal());
}
search();
