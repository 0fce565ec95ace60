// Pastes a poc.toml into the page of a POC, mends it, moves a weight, and says what was there, with scripts and without:
// node poc.mjs --server URL --file FILE
import { readFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { UsageError, command, complaints, launch } from './chromium.mjs';

await command(async () => {
  const text = { type: 'string' };
  const { values: options } = parseArgs({ options: { server: text, file: text } });
  if (!options.server || !options.file) throw new UsageError('--server URL and --file FILE are needed');
  const file = await readFile(options.file, 'utf8');
  const browser = await launch();
  try {
    const parts = (page) => page.locator('section.part').evaluateAll((found) => found.map((part) => part.id));
    const answer = async (page, written) => {
      if (!(await page.locator('#pasted').getAttribute('open') !== null)) await page.locator('#pasted summary').click();
      await page.locator('textarea[name=poc]').fill(written);
      await Promise.all([page.waitForLoadState('load'), page.locator('#pasted button').first().click()]);
      await page.waitForSelector('#refused, #poc-plan', { timeout: 60_000 });
    };
    const page = await browser.newPage({ locale: 'en-GB' });
    const found = complaints(page);
    await page.goto(`${options.server}/poc?example=finance`, { waitUntil: 'load' });
    const example = await page.locator('textarea[name=poc]').inputValue();
    await answer(page, file.replace('name = ', 'name == '));
    const refused = await page.locator('#refused').textContent();
    await answer(page, file);
    const shown = await parts(page);
    const totals = () => page.locator('.scorecard tr[data-vendor]').evaluateAll((rows) => rows.map((row) => row.textContent));
    const before = await totals();
    await page.locator('.scorecard input[type=range][data-dimension=price]').focus();
    await page.keyboard.press('End');
    const moved = await totals();
    await page.locator('#pasted summary').click();
    await page.locator('#pasted button').nth(1).click();
    await page.waitForSelector('html[lang=zh-CN]', { timeout: 60_000 });
    const chinese = await page.locator('html').getAttribute('lang');

    const bare = await (await browser.newContext({ javaScriptEnabled: false, locale: 'en-GB' })).newPage();
    await bare.goto(`${options.server}/poc?example=finance`, { waitUntil: 'load' });
    await answer(bare, file);
    const withoutScript = await parts(bare);
    // The page of a file that is refused answers 400, of which the browser complains as it must.
    const complained = found.filter((line) => !line.includes('400'));
    console.log(JSON.stringify({ example, refused, parts: shown, before, moved, chinese, without_script: withoutScript, complaints: complained }));
  } finally {
    await browser.close();
  }
});
