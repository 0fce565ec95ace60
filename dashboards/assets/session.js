// The page of a session. While the session is live, the page fetches itself and takes over what changed.

import { readGroups, start, update } from "./charts.js";
import { morphTo } from "./morph.js";

const EVERY_MS = 2000;
const main = /** @type {HTMLElement} */ (document.getElementById("main"));

/** Waits at least five times as long as the last answer took, so that a long session is not fetched without pause. */
async function refresh() {
  const began = Date.now();
  let ok = false;
  try {
    const answer = document.hidden ? null : await fetch(location.href, { cache: "no-store" });
    ok = answer === null || answer.ok;
    if (answer?.ok) {
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      const fresh = page.getElementById("main");
      if (fresh) {
        const groups = readGroups(page);
        morphTo(main, fresh);
        main.dataset.state = fresh.dataset.state ?? "";
        update(groups);
      }
    }
  } catch {
    ok = false;
  }
  const lost = document.getElementById("connection-lost");
  if (lost) lost.hidden = ok;
  if (main.dataset.state === "live") window.setTimeout(refresh, Math.max(EVERY_MS, 5 * (Date.now() - began)));
}

start();
if (main.dataset.state === "live") window.setTimeout(refresh, EVERY_MS);
