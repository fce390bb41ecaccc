import { expect } from 'chai';
import { startElb, type Elb } from '../fixtures/elb.ts';
import { startEtcd } from '../fixtures/etcd.ts';
import { startNamedServer, type NamedServer } from '../fixtures/named-servers.ts';
import { RawClient } from '../fixtures/plane.ts';
import { until } from '../fixtures/until.ts';

/** Names that every plain object knows without having been told. */
const NAMES = ['__proto__', 'constructor', 'prototype', 'toString', 'valueOf', 'hasOwnProperty', 'isPrototypeOf'];

/** JSON text of an object with one own key, whatever the key is. */
const keyed = (key: string, json: string): string => `{${JSON.stringify(key)}:${json}}`;
const graph = (servername: string): string =>
  `{"init":"r","rules":{"r":{"type":"backend","args":{"servername":${JSON.stringify(servername)}}}}}`;

describe('keys that objects know by themselves', function () {
  this.timeout(60_000);
  let server: NamedServer;
  let elb: Elb;

  before(async () => {
    server = await startNamedServer('web');
  });

  afterEach(async () => {
    await elb.stop('SIGKILL');
  });

  after(() => server.stop());

  /** What was served before is served still, and nobody has learned a key that was never given. */
  async function expectUnharmed(): Promise<void> {
    expect((await elb.get('/', { host: 'good.test' })).text).to.equal('web /');
    for (const name of NAMES) {
      const unknown = await elb.admin('DELETE', 'upstream', [`${name}-never`]);
      expect(unknown.json()).to.deep.equal({ [`${name}-never`]: 404 });
    }
  }

  const site = (): string =>
    `{"domains":${keyed('good.test', graph('web'))},"upstreams":{"web":{"${server.address}":""}}}`;

  it('name upstreams, domains, rules, edges and args in the admin API, and nothing else happens', async () => {
    elb = await startElb({ file: site() });
    for (const name of NAMES) {
      const isThere = await elb.admin('DELETE', 'upstream', JSON.stringify([name]));
      expect(isThere.text, `${name} was there before it was made`).to.equal(`${keyed(name, '404')}\n`);

      const upstream = await elb.admin('PUT', 'upstream', keyed(name, `{"${server.address}":""}`));
      expect(upstream.status, upstream.text).to.be.oneOf([200, 400]);
      const domain = await elb.admin('PUT', 'domain', keyed(`${name.replaceAll('_', '-')}.test`, graph(name)));
      expect(domain.status, domain.text).to.be.oneOf([200, 400]);
      if (upstream.status === 200 && domain.status === 200) {
        expect((await elb.get('/', { host: `${name.replaceAll('_', '-')}.test` })).text).to.equal('web /');
      }
      for (const [what, body] of [
        ['a domain', keyed(name, graph('web'))],
        [
          'an edge to nowhere',
          keyed(
            'b.test',
            `{"init":"r","rules":{"r":{"type":"path","args":{"pattern":"/","succ":${JSON.stringify(name)}}}}}`,
          ),
        ],
        ['an init that is no rule', keyed('b.test', `{"init":${JSON.stringify(name)},"rules":{}}`)],
        [
          'a type that is none',
          keyed('b.test', `{"init":"r","rules":{"r":{"type":${JSON.stringify(name)},"args":{}}}}`),
        ],
        [
          'a rule',
          keyed(
            'c.test',
            `{"init":${JSON.stringify(name)},"rules":${keyed(name, '{"type":"backend","args":{"servername":"web"}}')}}`,
          ),
        ],
        [
          'a field',
          keyed(
            'd.test',
            `{"init":"r","rules":{"r":{"type":"backend","args":{"servername":"web",${JSON.stringify(name)}:"value"}}}}`,
          ),
        ],
      ] as const) {
        const answer = await elb.admin('PUT', 'domain', body);
        expect(answer.status, `${what} ${name}: ${answer.text}`).to.be.oneOf(what.includes('no') ? [400] : [200, 400]);
      }
      const server400 = await elb.admin('PUT', 'upstream', keyed('s', keyed(name, '""')));
      expect(server400.status, server400.text).to.be.oneOf([200, 400]);
    }
    await expectUnharmed();
    expect(elb.logs.filter(({ level }) => level === 'error' || level === 'fatal')).to.deep.equal([]);
  });

  it('stand in the file', async () => {
    const domains = NAMES.map((name) => `${JSON.stringify(name)}:${graph(name)}`).join();
    const upstreams = NAMES.map((name) => `${JSON.stringify(name)}:{"${server.address}":""}`).join();
    elb = await startElb({
      file: `{"domains":{"good.test":${graph('web')},${domains}},"upstreams":{"web":{"${server.address}":""},${upstreams}}}`,
    });
    await expectUnharmed();
  });

  it('stand in etcd', async () => {
    const etcd = await startEtcd();
    try {
      await etcd.ctl('put', '/ELB/rules/good.test', graph('web'));
      await etcd.ctl('put', `/ELB/upstreams/web/${server.address}`, '');
      for (const name of NAMES) {
        await etcd.ctl('put', `/ELB/rules/${name}`, graph(name));
        await etcd.ctl('put', `/ELB/upstreams/${name}/${server.address}`, '');
        await etcd.ctl('put', `/ELB/${name}/x`, 'y');
      }
      elb = await startElb({ args: ['--etcd', etcd.endpoint] });
      await until('good.test is served', async () => (await elb.get('/', { host: 'good.test' })).status === 200);
      await expectUnharmed();
      await etcd.ctl('del', '--prefix', '/ELB/upstreams/__proto__');
      await etcd.ctl('del', '/ELB/rules/constructor');
      await expectUnharmed();
    } finally {
      await etcd.stop();
    }
  });

  it('name fields of requests, hosts and paths', async () => {
    elb = await startElb({ file: site() });
    for (const name of NAMES) {
      const client = await RawClient.connect(elb.port);
      const field = `${name}: ${name}\r\n`;
      client.write(`GET /${name} HTTP/1.1\r\nHost: good.test\r\n${field}${field}\r\n`);
      expect(await client.until(/\r\n\r\n[^]*\S$/)).to.match(new RegExp(`^HTTP/1.1 200 [^]*web /${name}$`));
      client.received = Buffer.alloc(0);
      client.write(
        `GET /__erulb__/${name} HTTP/1.1\r\nHost: ${name.replaceAll('_', '-')}\r\nConnection: close\r\n\r\n`,
      );
      expect(await client.untilEnd()).to.match(/^HTTP\/1.1 (404|400) /);
      client.destroy();
      expect((await elb.get('/', { host: name.replaceAll('_', '-').replaceAll('--', 'x') })).status).to.be.oneOf([
        400, 404,
      ]);
    }
    await expectUnharmed();
  });
});
