import { readdirSync, readFileSync } from 'node:fs';
import { createHmac } from 'node:crypto';
import { expect } from 'chai';
import { compileGraph } from '../lib/routing/compile.ts';
import type { GraphDocument } from '../lib/routing/rule.ts';
import { rules } from '../rules/index.ts';
import { CookieBrowser } from './fixtures/cookie-browser.ts';
import { startOpenidProvider } from './fixtures/openid-provider.ts';
import type { RawServer } from './fixtures/plane.ts';
import { Rig, turnsUntil } from './fixtures/rig.ts';

const FOLDER = new URL('../docs/gallery/', import.meta.url);

interface Shown {
  readonly domains: Readonly<Record<string, GraphDocument>>;
  readonly upstreams: Readonly<Record<string, Readonly<Record<string, string>>>>;
}

/** The document that a page shows. */
function shown(page: string): Shown {
  const text = readFileSync(new URL(`${page}.md`, FOLDER), 'utf8');
  const [, json = ''] = /```json\n([^]*?)\n```/.exec(text) ?? [];
  return JSON.parse(json) as Shown;
}

/** One request: host, first line, fields, body. */
interface Ask {
  readonly host: string;
  readonly line?: string;
  readonly fields?: string;
  readonly body?: string;
  readonly from?: string;
}

/** What it gets: a status, and a server by the name of its upstream, or a part of the reply. */
type Gets = readonly [status: number, what: string];

describe('gallery', () => {
  const rig = new Rig();
  let servers = new Map<string, RawServer>();
  afterEach(() => rig.stop());

  const pages = readdirSync(FOLDER)
    .filter((file) => file !== 'README.md')
    .map((file) => file.replace('.md', ''));

  it('has ten graphs, each of which has nothing that is wrong, and is on the first page', () => {
    const first = readFileSync(new URL('README.md', FOLDER), 'utf8');
    expect(pages).to.have.length(10);
    for (const page of pages) {
      expect(first).to.include(`](${page}.md)`);
      for (const graph of Object.values(shown(page).domains)) {
        expect(compileGraph(graph, { rules, maxNodes: 100 }).problems, page).to.deep.equal([]);
      }
    }
  });

  /** The page's document in force, each upstream with one server that says its name and what it was asked; `down`: those that have none. */
  async function running(
    page: string,
    { down = [], statuses = {} }: { down?: readonly string[]; statuses?: Record<string, number> } = {},
  ) {
    const { domains, upstreams } = shown(page);
    servers = new Map();
    for (const name of Object.keys(upstreams)) {
      const server = await rig.serve((connection) => {
        connection.socket.on('data', () => {
          const body = `<${name}> ${connection.text}`;
          connection.write(`HTTP/1.1 ${statuses[name] ?? 200} X\r\nContent-Length: ${body.length}\r\n\r\n${body}`);
        });
      });
      servers.set(name, server);
      if (down.includes(name)) await server.stop();
    }
    const ports = Object.fromEntries([...servers].map(([name, { port }]) => [name, [port]]));
    return rig.plane({ domains, upstreams: ports });
  }

  async function ask(port: number, { host, line = 'GET /', fields = '', body = '', from }: Ask): Promise<string> {
    const client = await rig.client(port, from === undefined ? {} : { localAddress: from });
    const length = body === '' ? '' : `Content-Length: ${body.length}\r\n`;
    client.write(`${line} HTTP/1.1\r\nHost: ${host}\r\n${fields}${length}Connection: close\r\n\r\n${body}`);
    return client.untilClosed();
  }

  const hook = '{"push": 1}';
  const signed = (secret: string): string =>
    `X-Hub-Signature-256: sha256=${createHmac('sha256', secret).update(hook).digest('hex')}\r\n`;
  const cases: Readonly<Record<string, readonly (readonly [ask: Ask, gets: Gets])[]>> = {
    'blue-green': [
      [{ host: 'shop.example.com' }, [200, '<blue>']],
      [{ host: 'next.shop.example.com' }, [200, '<green>']],
    ],
    canary: [
      [{ host: 'app.example.com', fields: 'Cookie: canary=always\r\n' }, [200, '<canary>']],
      [{ host: 'app.example.com', fields: 'Cookie: user=4\r\n' }, [200, '<stable>']],
    ],
    'api-keys': [
      [{ host: 'api.example.com' }, [401, 'WWW-Authenticate: ApiKey']],
      [{ host: 'api.example.com', fields: 'X-Api-Key: shop-kez\r\n' }, [401, '']],
      [
        { host: 'api.example.com', fields: 'X-Api-Key: shop-key\r\nX-Consumer: partner\r\n' },
        [200, 'X-Consumer: shop\r\n'],
      ],
    ],
    'oidc-dashboard': [
      [{ host: 'dash.example.com', line: 'GET /healthz' }, [200, '<dashboard>']],
      [{ host: 'dash.example.com', line: 'POST /', fields: 'X-Forwarded-User: root\r\n' }, [401, '']],
      [{ host: 'dash.example.com', fields: 'Cookie: __Host-elb_session=1AAAA\r\n' }, [401, '']],
    ],
    maintenance: [
      [{ host: 'www.example.com' }, [503, 'Retry-After: 3600\r\n']],
      [{ host: 'www.example.com', from: '127.0.0.2' }, [200, '<web>']],
    ],
    'ab-test': [
      [{ host: 'www.example.com', line: 'GET /about' }, [200, 'GET /about ']],
      [{ host: 'www.example.com', fields: 'User-Agent: Googlebot\r\n' }, [200, 'GET / HTTP']],
      [{ host: 'www.example.com', fields: 'Cookie: visitor=3\r\n' }, [200, 'X-Variant: ']],
    ],
    'multi-tenant': [
      [{ host: 'acme.saas.example.com', fields: 'X-Tenant: apex\r\n' }, [200, 'X-Tenant: acme\r\n']],
      [{ host: 'acme.saas.example.com' }, [200, '<acme>']],
      [{ host: 'apex.saas.example.com' }, [200, '<pool>']],
      [{ host: 'apex.saas.example.com', fields: 'x_tenant: acme\r\n' }, [200, 'X-Tenant: apex\r\n']],
      [{ host: 'trial-7.saas.example.com' }, [200, 'X-Tenant: trial\r\n']],
      [{ host: 'nobody.saas.example.com' }, [404, '{"error":"no such tenant"}']],
    ],
    webhook: [
      [{ host: 'hooks.example.com' }, [405, 'Allow: POST\r\n']],
      [{ host: 'hooks.example.com', line: 'POST /', body: hook }, [403, '']],
      [{ host: 'hooks.example.com', line: 'POST /', body: hook, fields: signed('guess') }, [403, '']],
      [
        { host: 'hooks.example.com', line: 'POST /', body: hook, fields: signed("It's a Secret to Everybody") },
        [200, hook],
      ],
    ],
    geo: [
      [{ host: 'www.example.com', fields: 'CF-IPCountry: DE\r\n' }, [200, '<europe>']],
      [{ host: 'www.example.com', fields: 'CF-IPCountry: JP\r\n' }, [200, '<asia>']],
      [{ host: 'www.example.com' }, [200, '<america>']],
    ],
    migration: [
      [{ host: 'www.example.com', line: 'GET /produkte/7?a=1' }, [301, 'Location: /products?a=1\r\n']],
      [{ host: 'www.example.com', line: 'GET /orders/1' }, [200, '<legacy>']],
      [{ host: 'www.example.com', line: 'GET /' }, [200, '<new>']],
    ],
  };

  for (const page of pages) {
    it(`${page}: each request goes the way that the page says`, async () => {
      const { port } = await running(page);
      expect(cases[page]).to.not.equal(undefined);
      for (const [given, [status, what]] of cases[page] ?? []) {
        const reply = await ask(port, given);
        expect([Number(reply.slice(9, 12)), reply], JSON.stringify(given)).to.satisfy(
          ([got, text]: [number, string]) => got === status && text.includes(what),
          reply,
        );
      }
    });
  }

  it('api-keys: each key has a limit of its own, and servers see no key', async () => {
    const { port } = await running('api-keys');
    const statuses: string[] = [];
    for (const key of ['shop', 'shop', 'shop', 'shop', 'partner']) {
      const reply = await ask(port, { host: 'api.example.com', fields: `X-Api-Key: ${key}-key\r\n` });
      statuses.push(reply.slice(9, 12));
    }
    expect(statuses).to.deep.equal(['200', '200', '200', '429', '200']);
    for (const { text } of servers.get('api')?.connections ?? []) expect(text).to.not.match(/shop-key|partner-key/);
  });

  it('oidc-dashboard: people log in, and the dashboard is told who they are', async () => {
    const plane = await running('oidc-dashboard');
    const origin = `http://127.0.0.1:${plane.port}`;
    const provider = await startOpenidProvider(`${origin}/oauth2/callback`, `${origin}/`);
    // The page names hosts that are not here: they are replaced, and nothing else is.
    const text = JSON.stringify(shown('oidc-dashboard').domains['dash.example.com'])
      .replace('https://id.example.com', provider.issuer)
      .replace('https://dash.example.com', origin)
      .replace('replace-me-by-the-secret-of-this-client', provider.clientSecret);
    plane.put({ domains: { '127.0.0.1': JSON.parse(text) as GraphDocument } });
    const { response, url } = await new CookieBrowser().follow(`${origin}/board?tab=2`);
    expect(url).to.equal(`${origin}/board?tab=2`);
    expect(await response.text())
      .to.include('X-Forwarded-User: ann\r\n')
      .and.include('X-Forwarded-Email: ann@example.com\r\n');
    await provider.stop();
  });

  it('canary: the stable version answers where the canary fails', async () => {
    const { port } = await running('canary', { statuses: { canary: 500 } });
    expect(await ask(port, { host: 'app.example.com', fields: 'Cookie: canary=always\r\n' })).to.include('<stable>');
    expect(servers.get('canary')?.connections).to.have.length(1);
  });

  it('blue-green: one word is the release, and the way back', async () => {
    const plane = await running('blue-green');
    const live = (servername: string) => {
      const graph = shown('blue-green').domains['shop.example.com'];
      const text = JSON.stringify(graph).replace('"servername":"blue"', `"servername":"${servername}"`);
      plane.put({ domains: { 'shop.example.com': JSON.parse(text) as GraphDocument } });
    };
    for (const word of ['green', 'blue']) {
      live(word);
      expect(await ask(plane.port, { host: 'shop.example.com' })).to.include(`<${word}>`);
    }
  });

  it('maintenance: another init ends it', async () => {
    const plane = await running('maintenance');
    const graph = shown('maintenance').domains['www.example.com'];
    plane.put({ domains: { 'www.example.com': { ...graph, init: 'open' } as GraphDocument } });
    expect(await ask(plane.port, { host: 'www.example.com' })).to.include('<web>');
  });

  it('multi-tenant: no server hears of another tenant than the host says', async () => {
    const { port } = await running('multi-tenant');
    for (const tenant of ['acme', 'apex', 'orbit', 'trial']) {
      const host = `${tenant === 'trial' ? 'trial-1' : tenant}.saas.example.com`;
      const reply = await ask(port, { host, fields: 'X-Tenant: other\r\nx_tenant: other\r\n' });
      expect(reply).to.include(`X-Tenant: ${tenant}\r\n`).and.not.include('other');
    }
  });

  it('geo: another region answers where one is gone, and none where the law forbids it', async () => {
    const { port } = await running('geo', { down: ['asia', 'europe'] });
    expect(await ask(port, { host: 'www.example.com', fields: 'CF-IPCountry: JP\r\n' })).to.include('<america>');
    expect(await ask(port, { host: 'www.example.com', fields: 'CF-IPCountry: DE\r\n' })).to.match(/^HTTP\/1.1 502 /);
    const other = await running('geo', { down: ['america'] });
    expect(await ask(other.port, { host: 'www.example.com', fields: 'CF-IPCountry: BR\r\n' })).to.include('<asia>');
  });

  it('migration: what the new site does not have comes from the old one, and orders are copied', async () => {
    const { port } = await running('migration', { statuses: { new: 404 } });
    expect(await ask(port, { host: 'www.example.com', line: 'GET /about' })).to.include('<legacy>');
    const isCopied = (): boolean =>
      servers.get('new')?.connections.some(({ text }) => text.includes('/orders')) === true;
    // One in ten: two hundred of them leave it out once in a billion times.
    for (let i = 0; i < 200 && !isCopied(); i++) await ask(port, { host: 'www.example.com', line: 'GET /orders/1' });
    await turnsUntil(isCopied);
  });

  it('ab-test: a visitor always sees the same page, and both pages are seen', async () => {
    const { port } = await running('ab-test');
    const variants = new Set<string>();
    for (let visitor = 0; visitor < 20; visitor++) {
      const given = { host: 'www.example.com', fields: `Cookie: visitor=${visitor}\r\n` };
      const [one, other] = [await ask(port, given), await ask(port, given)].map(
        (reply) => /X-Variant: (.)/.exec(reply)?.[1],
      );
      expect(one).to.equal(other);
      variants.add(one ?? '');
    }
    expect([...variants].toSorted()).to.deep.equal(['a', 'b']);
  });
});
