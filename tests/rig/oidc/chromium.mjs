// The person, in a real Chromium without a window: follows the address of a sign-in, types name,
// password and second factor, allows, and looks at the page where it ends.
// `node chromium.mjs PERSON.json ADDRESS`; PERSON.json: { login, password, says, report, picture, home }.
// TLS is strict: the authority lies in the NSS database below `home`.

import fs from 'node:fs';
import { chromium } from 'playwright-core';

const person = JSON.parse(fs.readFileSync(process.argv[2]));
const STEPS = 10;
const LIMIT_MS = 60_000;

const context = await chromium.launchPersistentContext(`${person.home}/profile`, {
  executablePath: '/usr/bin/chromium',
  headless: true,
  viewport: { width: 900, height: 640 },
  env: { ...process.env, HOME: person.home },
  args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking', '--disable-component-update'],
});
const report = { pages: [], requests: [] };
try {
  const page = context.pages()[0] ?? (await context.newPage());
  page.setDefaultTimeout(LIMIT_MS);
  page.on('request', (request) => report.requests.push(new URL(request.url()).origin));
  await page.goto(process.argv[3]);
  for (let step = 0; step < STEPS; step += 1) {
    report.pages.push(await page.title());
    if (!page.url().startsWith('https://')) break;
    if (await page.$('#error')) throw new Error(`refused: ${await page.title()}`);
    if (!(await act(page))) break;
  }
  Object.assign(report, {
    // without what may not be written down
    landed: page.url().split('?')[0],
    query: [...new URL(page.url()).searchParams.keys()],
    title: await page.title(),
    text: await page.innerText('body'),
    html: await page.content(),
  });
  if (person.picture) await page.screenshot({ path: person.picture });
} catch (error) {
  report.error = String(error.message);
} finally {
  await context.close();
  fs.writeFileSync(`${person.report}.part`, JSON.stringify(report));
  fs.renameSync(`${person.report}.part`, person.report);
}

/// Does what one page asks for; false when it asks for nothing.
async function act(page) {
  if (person.says === 'no' && (await page.$('#no'))) return go(page, '#no');
  if (await page.$('#password')) {
    await page.fill('#login', person.login);
    await page.fill('#password', person.password);
  }
  if (await page.$('#code')) await page.fill('#code', '123456');
  if (person.says !== 'unticked') {
    for (const box of await page.$$('input[type=checkbox]')) await box.check();
  }
  // the page of a device code has buttons of its own
  for (const button of ['#submit', 'button[type=submit][autofocus]', 'button[type=submit]']) {
    if (await page.$(button)) return go(page, button);
  }
  return false;
}

async function go(page, what) {
  await Promise.all([page.waitForNavigation({ waitUntil: 'load' }), page.click(what)]);
  return true;
}
