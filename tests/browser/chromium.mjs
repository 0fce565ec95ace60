// Starts the browser that the machine has, with a fresh profile.
import { accessSync, constants } from 'node:fs';

const FLAGS = [
  '--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
  '--disable-component-update', '--disable-sync', '--use-fake-device-for-media-stream', '--use-fake-ui-for-media-stream',
];

/** A running browser. Its profile is a temporary folder that goes with it. */
export async function launch() {
  const executablePath = process.env.CHROMIUM || '/usr/bin/chromium';
  try {
    accessSync(executablePath, constants.X_OK);
  } catch {
    throw new Error(`no browser at ${executablePath}: install chromium (apt-get install chromium) or set CHROMIUM`);
  }
  const playwright = await import('playwright-core').catch(() => {
    throw new Error('playwright-core is missing: run `npm ci` in tests/browser');
  });
  return playwright.chromium.launch({ executablePath, args: FLAGS });
}

/** What the page complains of: errors on its console and those that nobody caught. */
export function complaints(page) {
  const found = [];
  page.on('console', (message) => {
    const { url } = message.location();
    // The icon is the browser's wish, not the page's.
    if (message.type() === 'error' && !url.endsWith('/favicon.ico')) found.push(`${message.text()} (${url})`);
  });
  page.on('pageerror', (error) => found.push(`uncaught ${error.stack ?? error}`));
  return found;
}

/** Wrong use of a command. */
export class UsageError extends Error {}

/** Runs `main`; what it throws goes to stderr. Exit code 2 for wrong use, 1 for any other failure. */
export async function command(main) {
  try {
    process.exitCode = await main() ?? 0;
  } catch (error) {
    console.error(`error: ${error.message.replace(/\nCall log:[^]*$/, '')}`);
    process.exitCode = error instanceof UsageError || error.code?.startsWith?.('ERR_PARSE_ARGS') ? 2 : 1;
  }
}
