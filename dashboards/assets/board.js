// The live board: takes what the stream sends and puts it into the page.

import { start, update } from "./charts.js";
import { search } from "./keys.js";
import { morph } from "./morph.js";
import { follow } from "./stream.js";

const lost = /** @type {HTMLElement} */ (document.getElementById("connection-lost"));
const url = document.getElementById("main")?.dataset.events;

start();
if (url) {
  follow(url, {
    /** @param {{ panels: Record<string, string>, groups?: import("./charts.js").Groups }} data */
    board({ panels, groups }) {
      for (const [name, html] of Object.entries(panels)) {
        const panel = document.querySelector(`[data-panel="${name}"]`);
        if (panel) morph(panel, html);
      }
      if (panels.filters !== undefined) search();
      if (groups) update(groups);
    },
    state(connected) {
      lost.hidden = connected;
      document.documentElement.dataset.connected = String(connected);
    },
  });
}
