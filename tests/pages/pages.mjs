// The pages of the authorization server in a real browser: without scripts the whole way to the application and back,
// and with them what axe finds, in light and in dark.
//
// Environment: MEM0_TEST_BROWSER (a Chromium), MEM0_TEST_URL (of the installation), MEM0_TEST_AUTHORIZE (an authorization
// request to https://app.example/callback), MEM0_TEST_ONWARD (more of them, each followed by where the browser is in the
// end, separated by spaces), MEM0_TEST_DEVICE (a device's page with its code), MEM0_TEST_EMAIL,
// MEM0_TEST_PASSWORD; MEM0_TEST_SCREENSHOTS (a directory, if pictures are wanted).

import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { readFile } from 'node:fs/promises';
import { chromium } from 'playwright-core';

const axe = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const { MEM0_TEST_BROWSER, MEM0_TEST_URL, MEM0_TEST_AUTHORIZE, MEM0_TEST_ONWARD, MEM0_TEST_DEVICE } = process.env;
const { MEM0_TEST_EMAIL, MEM0_TEST_PASSWORD, MEM0_TEST_SCREENSHOTS } = process.env;

const browser = await chromium.launch({ executablePath: MEM0_TEST_BROWSER, args: ['--no-sandbox'] });

async function visit(options, look) {
  const context = await browser.newContext({ viewport: { width: 900, height: 900 }, ...options });
  await context.route('https://app.example/**', (route) => route.fulfill({ body: 'the application' }));
  const page = await context.newPage();
  const problems = [];
  page.on('console', (message) => problems.push(message.text()));
  page.on('pageerror', (error) => problems.push(String(error)));
  await page.goto(MEM0_TEST_AUTHORIZE);
  await look(page, 'login');
  await page.fill('#email', MEM0_TEST_EMAIL);
  await page.fill('#password', 'wrong');
  await page.click('button');
  await look(page, 'login-refused');
  await page.fill('#password', MEM0_TEST_PASSWORD);
  await page.keyboard.press('Enter');
  await page.waitForSelector('fieldset');
  await look(page, 'consent');
  await page.click('button[value=allow]');
  await page.waitForURL('https://app.example/callback?code=*');
  await page.goto(MEM0_TEST_DEVICE);
  await look(page, 'device');
  await page.click('button');
  await page.waitForSelector('fieldset');
  await look(page, 'device-consent');
  await page.click('button[value=deny]');
  await page.waitForSelector('h1:text("Nothing was connected")');
  await look(page, 'device-done');
  await page.goto(`${MEM0_TEST_URL}/oauth/applications`);
  await look(page, 'applications');
  const before = await page.locator('button[name=remove]').count();
  await page.locator('button[name=remove]').first().click();
  await page.waitForSelector('h1:text("Your applications")');
  assert.equal(await page.locator('button[name=remove]').count(), before - 1);
  await page.click('button[value=sign_out]');
  await page.waitForSelector('h1:text("You are signed out")');
  await look(page, 'signed-out');
  await page.goto(`${MEM0_TEST_URL}/oauth/authorize?client_id=unknown`);
  await look(page, 'failure');
  await context.close();
  // Answers that are no 200 are mentioned, and nothing else: no style or form was against the policy.
  assert.deepEqual(problems.filter((problem) => !/status of 40[03]/.test(problem)), []);
}

// Wherever an application is, and wherever it sends its person next, the browser arrives there.
async function arrive() {
  const context = await browser.newContext({ javaScriptEnabled: false });
  await context.route('http://[::1]:*/**', (route) => route.fulfill({ body: 'the application' }));
  const page = await context.newPage();
  const problems = [];
  page.on('console', (message) => problems.push(message.text()));
  const addresses = MEM0_TEST_ONWARD.split(' ');
  for (let at = 0; at < addresses.length; at += 2) {
    await page.goto(addresses[at]);
    if (at === 0) {
      await page.fill('#email', MEM0_TEST_EMAIL);
      await page.fill('#password', MEM0_TEST_PASSWORD);
      await page.keyboard.press('Enter');
    }
    await page.click('button[value=allow]');
    await page.waitForURL((url) => url.href.startsWith(addresses[at + 1]), { timeout: 10_000 });
    assert.match(await page.content(), /the application/);
  }
  assert.deepEqual(problems, []);
  await context.close();
}

await visit({ javaScriptEnabled: false }, async () => {});
await arrive();
for (const colorScheme of ['light', 'dark']) {
  await visit({ colorScheme }, async (page, name) => {
    if (MEM0_TEST_SCREENSHOTS) await page.screenshot({ path: `${MEM0_TEST_SCREENSHOTS}/${name}-${colorScheme}.png` });
    await page.evaluate(axe);
    const { violations } = await page.evaluate(() => globalThis.axe.run());
    const told = violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html).join(' ')}`);
    assert.deepEqual(told, [], `${name}, ${colorScheme}`);
  });
}
await browser.close();
