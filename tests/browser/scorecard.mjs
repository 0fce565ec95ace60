// Moves the weights of a scorecard in a page that no server serves, and says what became of the order:
// node scorecard.mjs --file FILE --raise DIMENSION
import { parseArgs } from 'node:util';
import { pathToFileURL } from 'node:url';
import { UsageError, command, complaints, launch } from './chromium.mjs';

await command(async () => {
  const text = { type: 'string' };
  const { values: options } = parseArgs({ options: { file: text, raise: text } });
  if (!options.file || !options.raise) throw new UsageError('--file FILE and --raise DIMENSION are needed');
  const browser = await launch();
  try {
    const page = await browser.newPage();
    const found = complaints(page);
    const asked = [];
    page.on('request', (request) => asked.push(request.url()));
    await page.goto(pathToFileURL(options.file).href, { waitUntil: 'load' });
    const look = async () => ({
      order: await page.locator('.scorecard tr[data-vendor]').evaluateAll((rows) => rows.map((row) => row.dataset.vendor)),
      totals: await page.locator('.scorecard tr[data-vendor]').evaluateAll((rows) => Object.fromEntries(rows.map((row) => [row.dataset.vendor, row.cells[2].textContent]))),
      says: await page.locator('.scorecard output').textContent(),
      weight: Number(await page.locator(`input[type=number][data-dimension=${options.raise}]`).inputValue()),
    });
    const before = await look();
    // By keyboard alone: to the end of one slider, and to the beginning of all others.
    const sliders = page.locator('.scorecard input[type=range]');
    for (let at = 0; at < await sliders.count(); at += 1) {
      const slider = sliders.nth(at);
      await slider.focus();
      await page.keyboard.press(await slider.getAttribute('data-dimension') === options.raise ? 'End' : 'Home');
    }
    const moved = await look();
    await sliders.first().focus();
    for (let at = 0; at < await sliders.count(); at += 1) {
      await sliders.nth(at).focus();
      await page.keyboard.press('Home');
    }
    const nothing = await look();
    await page.locator('button[data-back=profile]').focus();
    await page.keyboard.press('Enter');
    const back = await look();
    const field = page.locator(`input[type=number][data-dimension=${options.raise}]`);
    await field.fill('');
    const emptied = await look();
    await field.fill('90');
    const typed = await look();
    const reachable = await page.evaluate(() => [...document.querySelectorAll('.scorecard input, .scorecard button')].every((element) => element.tabIndex === 0 && (element.ariaLabel || element.textContent)));
    console.log(JSON.stringify({ before, moved, nothing, back, emptied: emptied.order, typed, reachable, asked: asked.length, complaints: found }));
  } finally {
    await browser.close();
  }
});
