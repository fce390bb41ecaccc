import { once } from 'node:events';
import { createServer } from 'node:http';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect } from 'chai';
import type { Browser } from 'playwright-core';
import { openPage, startBrowser } from '../fixtures/browser.ts';
import { startElb } from '../fixtures/elb.ts';
import type { Elb } from '../fixtures/elb.ts';
import { until } from '../fixtures/until.ts';

/** `DOMAINS=100000` for what it is made for. */
const DOMAINS = Number(process.env['DOMAINS'] ?? 10_000);
const ALL = DOMAINS.toLocaleString('en');
const LAST = `d${String(DOMAINS - 1).padStart(6, '0')}.test`;
const TOKEN = 'a-token-of-the-test';

describe('who may use the admin page', function () {
  this.timeout(120_000);

  let browser: Browser;
  let elb: Elb;
  let foreign: Server;
  let foreignPort: number;

  before(async () => {
    foreign = createServer((_, response) =>
      response.setHeader('Content-Type', 'text/html').end('<title>foreign</title>'),
    );
    foreign.listen(0, '127.0.0.1');
    await once(foreign, 'listening');
    foreignPort = (foreign.address() as AddressInfo).port; // it listens on TCP
    const rules = { init: 'r', rules: { r: { type: 'respond', args: { status: 204 } } } };
    const domains = Object.fromEntries(
      Array.from({ length: DOMAINS }, (_, i) => [`d${String(i).padStart(6, '0')}.test`, rules]),
    );
    [elb, browser] = await Promise.all([
      startElb({ env: { ELB_ADMIN_HOSTS: 'ours.test' } }),
      startBrowser(['ours.test', 'rebound.test']),
    ]);
    expect((await elb.admin('PUT', 'domain', domains)).status).to.equal(200);
  });

  after(async () => {
    await browser.close();
    await elb.stop();
    foreign.close().closeAllConnections();
  });

  it('is kept by browsers until it changes', async () => {
    const first = await elb.get('/__erulb__/ui');
    expect(first.headers).to.include({ 'cache-control': 'no-cache', 'x-content-type-options': 'nosniff' });
    expect(first.headers['content-security-policy']).to.include("frame-ancestors 'none'").and.not.include('unsafe');
    const [, style = ''] = /href="([^"]*style\.css)"/.exec(first.text) ?? [];
    for (const path of ['/__erulb__/ui', style]) {
      const { etag } = (await elb.get(path)).headers;
      const again = await elb.get(path, { 'if-none-match': `"other", W/${etag}` });
      expect([again.status, again.text, again.headers.etag]).to.deep.equal([304, '', etag]);
      expect((await elb.get(path, { 'if-none-match': '"other"' })).status).to.equal(200);
    }
    for (const path of ['../ui.ts', 'nope.js', '..%5cui.ts', 'style.css/x', '__proto__']) {
      expect((await elb.get(`/__erulb__/ui/${path}`)).status, path).to.be.oneOf([400, 404]);
    }
  });

  it('is small', async () => {
    const { text } = await elb.get('/__erulb__/ui');
    const files = new Set([...text.matchAll(/(?:href|src)="(\/__erulb__\/ui\/[^"]+)"/g)].map(([, path]) => path ?? ''));
    const sizes = await Promise.all([...files].map(async (path) => Buffer.byteLength((await elb.get(path)).text)));
    expect(sizes.reduce((sum, size) => sum + size, text.length)).to.be.below(170 * 1024);
  });

  it(`is as quick with ${DOMAINS} domains as with few`, async () => {
    const { page, faults } = await openPage(browser);
    await page.goto(`${elb.url}/__erulb__/ui#/domains`);
    await page.getByText(`${ALL} in all`).waitFor();
    expect(await page.getByRole('row').count()).to.equal(1 + 100);
    await page.getByRole('button', { name: 'Show 100 more' }).click();
    await page.getByRole('link', { name: 'd000199.test' }).waitFor();
    await page.getByRole('searchbox').fill(LAST.toUpperCase());
    await page.getByText(`1 of ${ALL}`).waitFor();
    await page.getByRole('link', { name: LAST }).click();
    await page.locator('[data-node=r]').waitFor();
    await page.context().close();
    expect(faults).to.deep.equal([]);
  });

  it('shows the servers of an upstream that somebody may look for, and finds the others', async () => {
    const servers = Object.fromEntries(
      Array.from({ length: 1000 }, (_, i) => [`10.0.${i >> 8}.${i & 255}:80`, i === 999 ? 'down' : '']),
    );
    await elb.admin('PUT', 'upstream', { large: servers });
    const { page, faults } = await openPage(browser);
    await page.goto(`${elb.url}/__erulb__/ui#/upstreams/large`);
    await page.getByText('and 800 more').waitFor();
    expect(await page.getByRole('row').nth(1).textContent()).to.match(/^10\.0\.3\.231:80down/);
    await page.getByRole('searchbox').fill('10.0.3.1:');
    await until('one is left', async () => (await page.getByRole('row').count()) === 2);
    await page.context().close();
    expect(faults).to.deep.equal([]);
  });

  it('is not to be used by pages of other origins', async () => {
    const { page } = await openPage(browser);
    await page.goto(`http://127.0.0.1:${foreignPort}/`);
    const calls = ['PUT', 'DELETE', 'POST', 'GET'].flatMap((method) =>
      ['cors', 'no-cors'].map(
        (mode) =>
          `fetch('${elb.url}/__erulb__/domain', { method: '${method}', mode: '${mode}', ${method === 'GET' ? '' : `body: '["d000000.test"]'`} }).then((r) => r.type, () => 'refused')`,
      ),
    );
    const outcomes = await page.evaluate(`Promise.all([${calls.join(', ')}])`);
    expect(new Set(outcomes as string[])).to.deep.equal(new Set(['refused']));
    const framed = await page.evaluate(`new Promise((resolve) => {
      const frame = Object.assign(document.createElement('iframe'), { src: '${elb.url}/__erulb__/ui' });
      frame.onload = () => { let seen; try { seen = frame.contentDocument?.title ?? 'closed'; } catch { seen = 'closed'; } resolve(seen); };
      document.body.append(frame);
    })`);
    expect(framed).to.equal('closed');
    await page.context().close();
    expect((await elb.admin('GET', 'names?kind=domain&limit=1')).json()).to.deep.include({ total: DOMAINS });
  });

  it('is not to be reached by a name that somebody else leads here', async () => {
    const { page } = await openPage(browser);
    await page.goto(`http://rebound.test:${elb.port}/nothing`);
    const outcome = await page.evaluate(
      `Promise.all([fetch('/__erulb__/status'), fetch('/__erulb__/domain', { method: 'DELETE', body: '["d000000.test"]' })]).then((all) => all.map((one) => one.status))`,
    );
    expect(outcome).to.deep.equal([403, 403]);
    await page.goto(`http://ours.test:${elb.port}/__erulb__/ui#/domains`);
    await page.getByText(`${ALL} in all`).waitFor();
    await page.context().close();
  });

  describe('where a token is asked for', () => {
    let guarded: Elb;

    before(async () => {
      guarded = await startElb({ env: { ELB_ADMIN_TOKEN: TOKEN } });
    });

    after(() => guarded.stop());

    it('holds no secret, asks for the token, and forgets it', async () => {
      const { text } = await guarded.get('/__erulb__/ui');
      expect(text).to.include('<title>ELB</title>').and.not.include(TOKEN);
      expect((await guarded.admin('GET', 'status')).status).to.equal(401);
      const { page, faults } = await openPage(browser);
      await page.goto(`${guarded.url}/__erulb__/ui`);
      const dialog = page.getByRole('dialog', { name: 'A token is needed' });
      await dialog.getByLabel('Token').fill('wrong');
      await page.keyboard.press('Enter');
      await dialog.getByText('not known here').waitFor();
      await page.keyboard.press('Escape');
      await dialog.getByLabel('Token').fill(TOKEN);
      await page.keyboard.press('Enter');
      await page.getByText('ready').first().waitFor();
      await page.reload();
      await page.getByText('ready').first().waitFor();
      await page.getByRole('button', { name: 'Forget the token' }).click();
      await dialog.waitFor();
      expect(await page.evaluate('sessionStorage.length + localStorage.length + document.cookie.length')).to.equal(0);
      await page.context().close();
      expect(faults).to.deep.equal([]);
    });
  });
});
