import { once } from 'node:events';
import { createServer } from 'node:http';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect } from 'chai';
import type { Browser, Page } from 'playwright-core';
import { openPage, startBrowser } from '../fixtures/browser.ts';
import type { WatchedPage } from '../fixtures/browser.ts';
import { startElb } from '../fixtures/elb.ts';
import { TestCa, type Pair } from '../fixtures/test-ca.ts';
import type { Elb } from '../fixtures/elb.ts';
import { until } from '../fixtures/until.ts';

const graph = {
  init: 'agent',
  rules: {
    agent: { type: 'ua', args: { pattern: 'httpie', succ: 'area', fail: 'web' } },
    area: { type: 'switch', args: { on: 'path', cases: [{ prefix: '/blog', to: 'blog' }], default: 'web' } },
    blog: { type: 'backend', args: { servername: 'blog' } },
    web: { type: 'backend', args: { servername: 'web' } },
  },
};
const shown = {
  init: 'shown',
  rules: {
    shown: { type: 'tls', args: { subject: { exact: 'CN=ann' }, succ: 'known', fail: 'other' } },
    known: { type: 'respond', args: { status: 200 } },
    other: { type: 'respond', args: { status: 204 } },
  },
};
const odd = '<img src=x onerror=alert(1)>';

describe('the admin page', function () {
  this.timeout(120_000);

  let browser: Browser;
  let elb: Elb;
  const servers: Server[] = [];
  let opened: WatchedPage;
  let page: Page;
  let ca: TestCa;
  let ann: Pair;

  before(async () => {
    for (const name of ['blog', 'web']) {
      const server = createServer((request, response) => response.end(`${name}: ${request.url}\n`));
      servers.push(server.listen(0, '127.0.0.1'));
      await once(server, 'listening');
    }
    const [blog, web] = servers.map((server) => `127.0.0.1:${(server.address() as AddressInfo).port}`); // they listen on TCP
    ca = new TestCa();
    ann = ca.issue({ subject: '/CN=ann' });
    elb = await startElb({
      file: {
        tls: { 'shown.test': { client_certificates: { mode: 'optional', ca: ca.certificate } } },
        domains: {
          'a.test': graph,
          'shown.test': shown,
          'b.test': { init: odd, rules: { [odd]: { type: 'respond', args: { body: odd } } } },
        },
        upstreams: { blog: { [blog ?? '']: '' }, web: { [web ?? '']: 'weight=2' } },
      },
    });
    browser = await startBrowser();
  });

  after(async () => {
    await browser.close();
    await elb.stop();
    for (const server of servers) server.close().closeAllConnections();
    ca.remove();
  });

  beforeEach(async () => {
    opened = await openPage(browser);
    page = opened.page;
  });

  afterEach(async () => {
    await page.context().close();
    expect(opened.faults).to.deep.equal([]);
  });

  it('tells how the instance, its store, its workers and its fleet are', async () => {
    await open('');
    await page.getByText('ready').first().waitFor();
    await page.getByRole('heading', { name: 'Workers' }).waitFor();
    const fleet = page.locator('section', { has: page.getByRole('heading', { name: 'Fleet' }) });
    await fleet.getByText('this one').waitFor();
    expect(await page.getByRole('row', { name: /serving/ }).count()).to.equal(1);
  });

  it('draws a graph, with what is walked now on its edges', async () => {
    await open('domains/a.test');
    await page.locator('[data-node=area]').waitFor();
    const drawn = await all('[data-node]', 'data-node');
    expect(drawn).to.have.members(['agent', 'area', 'blog', 'web']);
    expect(await page.locator('[data-edge]').count()).to.equal(1 + 4);
    const rate = page.locator('[data-edge="area cases/0/to"] .rate');
    expect(await rate.textContent()).to.equal('');
    await until('the page shows requests', async () => {
      await elb.get('/blog/x', { host: 'a.test', 'user-agent': 'httpie' });
      return /^\d[\d.k]*\/s$/.test((await rate.textContent()) ?? '');
    });
    expect(await page.locator('[data-edge="agent fail"]').getAttribute('class')).to.not.include('live');
  });

  it('shows names as text, whatever they are', async () => {
    await open('domains/b.test');
    await page.getByRole('button', { name: odd }).click();
    await page.getByRole('heading', { name: odd }).waitFor();
    expect(await page.locator('main img').count()).to.equal(0);
  });

  it('explains a request with its way lit up', async () => {
    await open('explain');
    await page.getByLabel('URL').fill('http://a.test/blog/x');
    await page.getByLabel('Fields, one a line').fill('User-Agent: httpie/3');
    await page.getByRole('button', { name: 'Explain' }).click();
    await page.locator('.verdict').getByText('upstream blog').waitFor();
    const walked = await all('.node.walked', 'data-node');
    expect(walked).to.have.members(['agent', 'area', 'blog']);
    const edges = await all('.edge.walked', 'data-edge');
    expect(edges).to.have.members([' ', 'agent succ', 'area cases/0/to']);
    await page.getByText('X-Forwarded-For').waitFor();
    await page.getByRole('row', { name: /chosen/ }).waitFor();
  });

  it('explains a request by TLS, by HTTP/2 and with a certificate, and says which line is no field', async () => {
    await open('explain');
    await page.getByLabel('URL').fill('https://shown.test/');
    await page.getByLabel('Protocol').selectOption('HTTP/2');
    await page.getByText('TLS and a client certificate').click();
    await page.getByLabel('Version').selectOption('TLSv1.2');
    await page.getByLabel("Client's certificate").fill(ann.certificate);
    await page.getByLabel('URL').press('Enter');
    await page.locator('.node.walked[data-node=known]').waitFor();
    await page.getByLabel('its domain trusts it').uncheck();
    await page.getByRole('button', { name: 'Explain' }).click();
    await page.locator('.node.walked[data-node=other]').waitFor();
    await page.getByLabel("Client's certificate").fill('ann');
    await page.getByRole('button', { name: 'Explain' }).click();
    await page.getByRole('alert').getByText('is no certificate in PEM').waitFor();
    await page.getByText('TLS and a client certificate').click();
    await page.getByLabel('Fields, one a line').fill('X-A: 1\nno field');
    await page.getByRole('button', { name: 'Explain' }).click();
    await page.getByRole('alert').getByText('must be NAME: VALUE').waitFor();
  });

  it('lists the last requests, and shows the way of each', async () => {
    await elb.get('/lost?x=1', { host: 'a.test', 'user-agent': 'curl' });
    await elb.get('/', { host: 'nobody.test' });
    await open('requests');
    await page.getByText('no_domain').first().waitFor();
    await page.getByRole('button', { name: /GET a\.test\/lost\?x=1/ }).click();
    await page.locator('.node.walked[data-node=web]').waitFor();
    expect(await page.locator('.node.walked').count()).to.equal(2);
    await page.getByLabel('Status').fill('4xx');
    await page.getByLabel('Status').press('Tab');
    await until('others are filtered out', async () => (await page.getByText('a.test/lost').count()) <= 1);
  });

  it('shows servers at work, and drains one', async () => {
    await elb.get('/', { host: 'a.test' });
    await open('upstreams/web');
    await page.getByRole('row', { name: /up.* ms/ }).waitFor();
    await page.getByRole('button', { name: /^Drain/ }).click();
    await page.getByRole('dialog').getByText('weight=2 drain').waitFor();
    await page.getByRole('button', { name: 'Drain', exact: true }).click();
    await page.getByRole('row', { name: /draining/ }).waitFor();
    expect(JSON.stringify((await elb.admin('GET', 'upstream')).json())).to.include('"drain":true');
    await page.getByRole('button', { name: 'Undo' }).click();
    await page.getByText('web is as before').waitFor();
    await page.getByRole('row', { name: /\bup\b/ }).waitFor();
  });

  it('tells what is wrong where it is wrong, shows what would change, applies it, and undoes it', async () => {
    await open('domains/a.test');
    await page.getByRole('button', { name: 'Edit' }).click();
    const field = page.getByRole('textbox', { name: 'domain a.test as JSON' });
    const text = await field.inputValue();
    const wrong = text.replace('"httpie"', '"(?=x)"');
    await field.fill(wrong);
    await page.locator('.note').getByText(/look/).waitFor();
    const line = wrong.slice(0, wrong.indexOf('(?=x)')).split('\n').length;
    expect(await page.locator('.gutter .wrong').allTextContents()).to.deep.equal([`${line}\n`]);
    expect(await page.locator('.mirror span.wrong').allTextContents()).to.deep.equal(['"(?=x)"']);
    await page.locator('.node.wrong[data-node=agent]').waitFor();
    expect(await page.getByRole('button', { name: 'Review and apply…' }).isDisabled()).to.equal(true);

    await field.fill(text.replace('"succ": "area"', '"succ": "area"]'));
    await page.getByText('Not JSON yet').waitFor();
    await page.getByRole('button', { name: /"]" stands where/ }).waitFor();

    await field.fill(text.replace('"/blog"', '"/weblog"').replace('"default": "web"', '"default": "blog"'));
    await page.getByText('Valid', { exact: true }).waitFor();
    await page.getByRole('button', { name: 'Review and apply…' }).click();
    const dialog = page.getByRole('dialog', { name: 'Change a.test' });
    await dialog.locator('ins').first().waitFor();
    expect(await dialog.locator('del').allTextContents()).to.deep.equal(['−"/blog"', '−"web"']);
    expect(await dialog.locator('ins').allTextContents()).to.deep.equal(['+"/weblog"', '+"blog"']);
    await dialog.getByRole('button', { name: 'Apply', exact: true }).click();
    await page.getByText('a.test is changed').waitFor();
    await page.locator('[data-edge="area cases/0/to"]').getByText('/weblog').waitFor();
    const ask = async () => (await elb.get('/x', { host: 'a.test', 'user-agent': 'httpie' })).text;
    expect(await ask()).to.equal('blog: /x\n');

    await page.getByRole('button', { name: 'Undo' }).click();
    await page.getByText('Undone: a.test is as before').waitFor();
    await page.locator('[data-edge="area cases/0/to"]').getByText('/blog').waitFor();
    expect(await ask()).to.equal('web: /x\n');
    expect((await elb.admin('GET', 'domain')).json()).to.deep.include({ 'a.test': graph });
  });

  it('keeps a change in memory, writes it to the store later, and goes back in the history', async () => {
    await open('domains/new.test?edit=1');
    await page.getByText('Valid', { exact: true }).waitFor();
    await page.getByRole('button', { name: 'Review and apply…' }).click();
    await page.getByLabel(/In memory/).check();
    await page.getByRole('button', { name: 'Apply', exact: true }).click();
    await page.getByText('new.test is added').waitFor();
    await open('');
    await page.getByText('1 not written').waitFor();
    await page.getByRole('button', { name: 'Write to the store…' }).click();
    await page.getByRole('dialog').getByText('new.test').waitFor();
    await page.getByRole('button', { name: 'Write', exact: true }).click();
    await page.getByText('The store is as memory is').waitFor();
    await open('history');
    await page.getByRole('button', { name: /added new\.test/ }).click();
    await page.getByRole('button', { name: 'Undo this…' }).click();
    await page.getByRole('dialog').getByText('removed').waitFor();
    await page.getByRole('dialog').getByRole('button', { name: 'Undo' }).click();
    await page.getByRole('button', { name: /removed new\.test/ }).waitFor();
    expect((await elb.admin('GET', 'domain')).json()).to.not.have.property('new.test');
  });

  it('adds a shared graph, leads to it from where it is included, deletes it and takes that back', async () => {
    await open('graphs');
    await page.getByText('There is none yet').waitFor();
    await page.getByRole('button', { name: 'Add a shared graph' }).click();
    await page.getByLabel('Name').fill('gate');
    await page.getByRole('button', { name: 'Continue' }).click();
    const field = page.getByRole('textbox', { name: 'graph gate as JSON' });
    await field.fill(
      JSON.stringify({ init: 'in', rules: { in: { type: 'ua', args: { pattern: 'bot', succ: 'out', fail: 'ok' } } } }),
    );
    await page.locator('.node.wrong[data-node=in]').waitFor();
    const [out, ok] = [
      { type: 'respond', args: { status: 403 } },
      { type: 'return', args: {} },
    ];
    const gate = { type: 'ua', args: { pattern: 'bot', succ: 'out', fail: 'ok' } };
    await field.fill(JSON.stringify({ init: 'in', rules: { in: gate, out, ok } }, null, 2));
    await page.getByText('Valid', { exact: true }).waitFor();
    await page.getByRole('button', { name: 'Review and apply…' }).click();
    await page.getByRole('dialog', { name: 'Add gate' }).getByText('added').waitFor();
    await page.getByRole('button', { name: 'Apply', exact: true }).click();
    await page.getByText('gate is added').waitFor();
    expect(await all('[data-node]', 'data-node')).to.have.members(['in', 'out', 'ok']);
    const first = { type: 'include', args: { graph: 'gate', next: 'web' } };
    const rest = { type: 'respond', args: { status: 204 } };
    await elb.admin('PUT', 'domain?store=1', { 'gated.test': { init: 'first', rules: { first, web: rest } } });
    await open('domains/gated.test');
    await page.getByRole('button', { name: /^first/ }).click();
    await page.locator('.node-panel').getByRole('link', { name: 'gate' }).click();
    await page.locator('[data-node=in]').waitFor();
    await page.getByRole('button', { name: 'Delete…' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
    await page.getByText('gate is deleted').waitFor();
    await page.getByRole('link', { name: 'Domains', exact: true }).click();
    await page.getByRole('row', { name: /gated\.test.*dangling/ }).waitFor();
    const deleted = page.locator('#notices > *', { hasText: 'gate is deleted' });
    await deleted.getByRole('button', { name: 'Undo' }).click();
    await page.getByText('Undone: gate is as before').waitFor();
    expect((await elb.admin('GET', 'graph')).json()).to.have.property('gate');
    await elb.admin('DELETE', 'domain?store=1', ['gated.test']);
  });

  it('lists certificates, those that run out first on top, without their keys', async () => {
    const pairs = {
      'lasting.test': ca.issue({ names: ['DNS:lasting.test', 'DNS:*.lasting.test'] }),
      'soon.test': ca.issue({ names: ['DNS:soon.test'], from: openSslTime(-1), until: openSslTime(7) }),
    };
    expect((await elb.admin('PUT', 'cert', pairs)).status).to.equal(200);
    await open('certificates');
    await page.getByText('2 in all, 1 about to run out').waitFor();
    const rows = await page.locator('tbody tr').allTextContents();
    expect(rows.map((row) => /^(?:lasting|soon)/.exec(row)?.[0])).to.deep.equal(['soon', 'lasting']);
    await page
      .getByRole('row', { name: /soon\.test/ })
      .locator('.state.warn')
      .waitFor();
    await page.getByLabel('Search certificates').fill('*.LASTING');
    await until('others are gone', async () => (await page.locator('tbody tr').count()) === 1);
    expect(await page.content()).to.not.include('PRIVATE KEY');
  });

  it('does not overwrite what somebody has changed meanwhile', async () => {
    await open('domains/b.test?edit=1');
    const field = page.getByRole('textbox');
    await field.fill((await field.inputValue()).replace('"respond"', '"close"').replace(/"body": .*/, ''));
    await page.getByText('Valid', { exact: true }).waitFor();
    const theirs = { init: 'r', rules: { r: { type: 'respond', args: { status: 204 } } } };
    await elb.admin('PUT', 'domain', { 'b.test': theirs });
    await page.getByRole('button', { name: 'Review and apply…' }).click();
    await page.getByText('Somebody has changed this meanwhile').waitFor();
    expect((await elb.admin('GET', 'domain')).json()).to.deep.include({ 'b.test': theirs });
  });

  it('is not kept from a change by what others do to other documents', async () => {
    await elb.admin('PUT', 'domain', {
      'b.test': { init: 'r', rules: { r: { type: 'respond', args: { status: 204 } } } },
    });
    await open('domains/b.test?edit=1');
    const field = page.getByRole('textbox');
    await field.fill((await field.inputValue()).replace('204', '418'));
    await page.getByText('Valid', { exact: true }).waitFor();
    await page.getByRole('button', { name: 'Review and apply…' }).click();
    const dialog = page.getByRole('dialog', { name: 'Change b.test' });
    await dialog.locator('ins').getByText('418').waitFor();
    await elb.admin('PUT', 'domain', { 'other.test': graph });
    await dialog.getByRole('button', { name: 'Apply' }).click();
    await page.getByText('b.test is changed').waitFor();
    expect((await elb.get('/', { host: 'b.test' })).status).to.equal(418);
  });

  it('works with the keyboard alone', async () => {
    await open('domains');
    await page.getByRole('link', { name: 'b.test' }).waitFor();
    const { keyboard } = page;
    await keyboard.press('/');
    await keyboard.type('A.T');
    await until('others are gone', async () => (await page.getByRole('link', { name: 'b.test' }).count()) === 0);
    await keyboard.press('ArrowDown');
    await keyboard.press('Enter');
    await page.locator('[data-node=area]').waitFor();
    await reach('graph', async () => (await focused()).includes('Graph of a.test'));
    await keyboard.press('ArrowRight');
    await keyboard.press('ArrowRight');
    await keyboard.press('ArrowRight');
    expect(await focused()).to.match(/^blog, backend/);
    await keyboard.press('ArrowLeft');
    expect(await focused()).to.match(/^area, switch/);
    await page.getByRole('heading', { name: 'area' }).waitFor();
    await reach('Edit', async () => (await focused()) === 'Edit', 'Shift+Tab');
    await keyboard.press('Enter');
    expect(await focused()).to.equal('domain a.test as JSON');
    await keyboard.press('Control+End');
    await keyboard.press('ArrowUp');
    await keyboard.press('Home');
    await keyboard.type('  , "note": "by hand"\n'.trimEnd());
    await page.getByText(/^Not JSON yet$|^Valid$|problem/).waitFor();
    await keyboard.press('Control+a');
    await keyboard.insertText(JSON.stringify({ ...graph, note: 'by hand' }, null, 2));
    await page.getByText('Valid', { exact: true }).waitFor();
    await keyboard.press('Control+Enter');
    await page.getByRole('dialog', { name: 'Change a.test' }).waitFor();
    await keyboard.press('Escape');
    expect(await focused()).to.equal('domain a.test as JSON');
    await keyboard.press('Control+Enter');
    await page.getByRole('dialog', { name: 'Change a.test' }).waitFor();
    expect(await focused()).to.equal('Apply');
    await keyboard.press('Enter');
    await page.getByText('a.test is changed').waitFor();
    expect(JSON.stringify((await elb.admin('GET', 'domain')).json())).to.include('by hand');
  });

  for (const colorScheme of ['light', 'dark'] as const) {
    it(`is ${colorScheme} where the machine is, and can be read`, async () => {
      await page.emulateMedia({ colorScheme });
      for (const place of [
        '',
        'domains',
        'domains/a.test',
        'upstreams/web',
        'graphs',
        'graphs/gate',
        'certificates',
        'explain?url=http://a.test/',
        'history',
      ]) {
        await open(place);
        await page.locator('main :is(table, svg, .entry)').first().waitFor();
        expect(await page.evaluate(LIGHTNESS)).to.satisfy((light: number) => light > 0.5 === (colorScheme === 'light'));
        expect(await page.evaluate(FAINT_TEXT), place).to.deep.equal([]);
        expect(await page.evaluate(NAMELESS), place).to.deep.equal([]);
      }
    });
  }

  it('runs nothing but its own files', async () => {
    await open('');
    const added = page.evaluate(
      `document.body.append(Object.assign(document.createElement('script'), { text: 'window.ran = 1' }))`,
    );
    expect(await added.catch((error: Error) => error.message)).to.match(/TrustedScript/);
    expect(await page.evaluate('window.ran')).to.equal(undefined);
    await until('the page tells', () => opened.faults.length > 0);
    (opened.faults as string[]).length = 0; // what was meant to go wrong
    const sources = await page.evaluate(
      `performance.getEntriesByType('resource').map(({ name }) => new URL(name).origin)`,
    );
    expect(new Set(sources as string[])).to.deep.equal(new Set([elb.url]));
  });

  async function open(place: string): Promise<void> {
    await page.goto(`${elb.url}/__erulb__/ui#/${place}`);
  }

  async function all(selector: string, attribute: string): Promise<readonly (string | null)[]> {
    return Promise.all((await page.locator(selector).all()).map((one) => one.getAttribute(attribute)));
  }

  /** Name of what has the focus. */
  async function focused(): Promise<string> {
    return String(await page.evaluate(`document.activeElement.ariaLabel || document.activeElement.textContent.trim()`));
  }

  async function reach(what: string, isThere: () => Promise<boolean>, key = 'Tab'): Promise<void> {
    for (let i = 0; i < 40; i++) {
      if (await isThere()) return;
      await page.keyboard.press(key);
    }
    throw new Error(`${key} does not lead to ${what}`);
  }
});

/** So many days from now, as OpenSSL writes times. */
function openSslTime(days: number): string {
  return `${new Date(Date.now() + days * 86_400_000).toISOString().replaceAll(/[-:T]|\.\d+Z/g, '')}Z`;
}

/** What is not to be had without the DOM's own types runs as text, in the page. */
const COLOURS = `
  const parse = (text) => { const canvas = new OffscreenCanvas(1, 1).getContext('2d'); canvas.fillStyle = text; canvas.fillRect(0, 0, 1, 1); return canvas.getImageData(0, 0, 1, 1).data; };
  const lightness = ([r, g, b]) => [r, g, b].map((c) => c / 255).map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)).reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
  const behind = (one) => { for (let at = one; at; at = at.parentElement) { const found = parse(getComputedStyle(at).backgroundColor); if (found[3] === 255) return found; } return parse('white'); };
`;
const LIGHTNESS = `(() => { ${COLOURS} return lightness(behind(document.body)); })()`;

/** Text whose contrast is below 4.5 (WCAG 2.2, 1.4.3); what cannot be used need not be read. */
const FAINT_TEXT = `(() => { ${COLOURS}
  const found = [];
  for (const one of document.querySelectorAll('body *:not(svg *, script, option, :disabled)')) {
    const says = [...one.childNodes].some((child) => child.nodeType === 3 && child.data.trim() !== '');
    if (!says || !one.checkVisibility() || one.matches('.skip, .code textarea')) continue;
    const [a, b] = [lightness(parse(getComputedStyle(one).color)), lightness(behind(one))].sort((x, y) => y - x);
    const contrast = (a + 0.05) / (b + 0.05);
    if (contrast < 4.5) found.push(one.tagName + ' ' + one.className + ' "' + one.textContent.slice(0, 30) + '" ' + contrast.toFixed(2));
  }
  return found;
})()`;

/** Controls without a name for those who hear the page. */
const NAMELESS = `[...document.querySelectorAll('main :is(a, button, input, select, textarea, [role=button])')]
  .filter((one) => !(one.ariaLabel || one.textContent.trim() || one.labels?.length))
  .map((one) => one.outerHTML)`;
