// Server-sent events with what EventSource leaves out: it also notices a connection that has gone quiet, and comes back after
// the server refused. While nobody looks at the page it rests.

const QUIET_MS = 9000;
const AGAIN_MS = 3000;

/**
 * @param {string} url
 * @param {{ board: (data: any) => void, state: (connected: boolean) => void }} on
 */
export function follow(url, on) {
  /** @type {EventSource | null} */
  let source = null;
  let heard = 0;
  let opened = 0;

  const close = () => {
    source?.close();
    source = null;
  };
  const open = () => {
    close();
    opened = Date.now();
    source = new EventSource(url);
    source.addEventListener("board", (event) => {
      heard = Date.now();
      on.state(true);
      on.board(JSON.parse(event.data));
    });
    source.addEventListener("error", () => on.state(false));
  };

  document.addEventListener("visibilitychange", () => (document.hidden ? close() : open()));
  window.addEventListener("pagehide", close);
  window.setInterval(() => {
    if (document.hidden) return;
    const quiet = Date.now() - Math.max(heard, opened) > QUIET_MS;
    if (quiet) on.state(false);
    const given_up = (!source || source.readyState === EventSource.CLOSED) && Date.now() - opened > AGAIN_MS;
    if (quiet || given_up) open();
  }, 1000);
  if (!document.hidden) open();
}
