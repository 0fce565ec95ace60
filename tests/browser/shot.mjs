// A picture of a page, and what it complains of:
// node shot.mjs --url U --out FILE [--width 1440] [--height 1000] [--dark] [--lang zh|en] [--wait MS]
import { parseArgs } from 'node:util';
import { UsageError, command, complaints, launch } from './chromium.mjs';

await command(async () => {
  const text = { type: 'string' };
  const { values: options } = parseArgs({
    options: {
      url: text, out: text, width: { type: 'string', default: '1440' }, height: { type: 'string', default: '1000' },
      dark: { type: 'boolean', default: false }, lang: { type: 'string', default: 'en' }, wait: { type: 'string', default: '1500' },
    },
  });
  if (!options.url || !options.out) throw new UsageError('--url U and --out FILE are needed');
  const browser = await launch();
  try {
    const page = await browser.newPage({
      viewport: { width: Number(options.width), height: Number(options.height) },
      colorScheme: options.dark ? 'dark' : 'light',
      locale: options.lang === 'zh' ? 'zh-CN' : 'en-GB',
    });
    const found = complaints(page);
    const response = await page.goto(options.url, { waitUntil: 'load' });
    if (response && !response.ok()) found.push(`${options.url} answered ${response.status()}`);
    await page.waitForTimeout(Number(options.wait));
    await page.screenshot({ path: options.out, fullPage: true });
    for (const line of found) console.error(line);
    return found.length ? 1 : 0;
  } finally {
    await browser.close();
  }
});
