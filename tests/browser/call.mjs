// Makes a call in a real browser against a qoe server, and prints what the page itself saw as one JSON object:
// node call.mjs --server URL --project P --session S --seconds N [--service S] [--vendor V] [--key K]
//               [--board URL --screenshot FILE]
import { createServer } from 'node:http';
import { readFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { UsageError, command, complaints, launch } from './chromium.mjs';

const FILES = { '/call.html': 'text/html; charset=utf-8', '/call.js': 'text/javascript; charset=utf-8' };

/** Serves the page from a port of its own, so that it reaches the qoe server across origins. */
async function pages() {
  const server = createServer(async ({ url }, response) => {
    const { pathname } = new URL(url, 'http://page');
    if (!FILES[pathname]) return response.writeHead(pathname === '/favicon.ico' ? 204 : 404).end();
    response.writeHead(200, { 'Content-Type': FILES[pathname] }).end(await readFile(new URL(`.${pathname}`, import.meta.url)));
  });
  await new Promise((done) => server.listen(0, '127.0.0.1', done));
  return server;
}

const within = (ms, what, promise) => Promise.race([
  promise,
  new Promise((_, fail) => setTimeout(() => fail(new Error(`${what} took over ${ms / 1000} s`)), ms).unref()),
]);

await command(async () => {
  const text = { type: 'string' };
  const { values: options } = parseArgs({
    options: {
      server: text, project: text, session: text, seconds: { type: 'string', default: '20' }, service: text, vendor: text,
      scenario: text, key: text, board: text, screenshot: text,
    },
  });
  if (!options.server) throw new UsageError('--server URL is needed: where qoe listens');
  const { board, screenshot, ...query } = options;

  const browser = await launch();
  const server = await pages();
  try {
    const page = await browser.newPage();
    const found = complaints(page);
    await page.goto(`http://127.0.0.1:${server.address().port}/call.html?${new URLSearchParams(query)}`);
    const truth = await within(Number(options.seconds) * 1000 + 30_000, 'the call', page.evaluate(() => window.__call));
    if (truth.error) throw new Error([truth.error, ...found].join('\n'));
    // Closing the tab as a person does: the last rows go as beacons, which need a moment.
    truth.closed_at = Date.now();
    await page.close();
    await new Promise((done) => setTimeout(done, 1500));
    console.log(JSON.stringify({ ...truth, page_errors: found }));
    if (board) {
      const view = await browser.newPage({ viewport: { width: 1440, height: 1000 } });
      await view.goto(board, { waitUntil: 'load' });
      await view.waitForTimeout(2000);
      if (screenshot) await view.screenshot({ path: screenshot, fullPage: true });
    }
    // What the console says is in the answer: a server that is meant to be away leaves lines there too.
    return found.some((line) => line.startsWith('uncaught')) ? 1 : 0;
  } finally {
    await browser.close();
    server.close();
  }
});
