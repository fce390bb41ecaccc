import { expect } from 'chai';
import { DnsLookup } from '../../lib/upstream/dns-lookup.ts';
import { startDnsmasq, type Dnsmasq } from '../fixtures/dnsmasq.ts';
import { startElb, type Elb } from '../fixtures/elb.ts';
import { failure } from '../fixtures/failure.ts';
import { startNamedServer, type NamedServer } from '../fixtures/named-servers.ts';
import { until } from '../fixtures/until.ts';

describe('names of servers, by a real DNS server', () => {
  let dns: Dnsmasq;
  afterEach(() => dns.stop());

  it('has all addresses of both families, for the shortest of their times', async () => {
    dns = await startDnsmasq([
      'host-record=web.test,127.0.0.2,60',
      'host-record=web.test,127.0.0.3,5',
      'host-record=web.test,::1,300',
    ]);
    const { addresses, ttlMs } = await new DnsLookup([dns.address]).lookup('web.test');
    expect(addresses).to.have.members(['127.0.0.2', '127.0.0.3', '::1']);
    expect(ttlMs).to.be.within(1000, 5000);
  });

  it('has a reason for a name that there is not, and for a server that is away', async () => {
    dns = await startDnsmasq([]);
    const { lookup } = new DnsLookup([dns.address]);
    expect(String(await failure(lookup('nobody.test')))).to.match(/ENOTFOUND/);
    await dns.stop();
    expect(String(await failure(lookup('nobody.test')))).to.match(/ECONNREFUSED|ETIMEOUT/);
  });

  it('has the servers of a service with ports, weights, and those of later priorities as backups', async () => {
    dns = await startDnsmasq([
      'host-record=a.test,127.0.0.2',
      'host-record=a.test,127.0.0.3',
      'host-record=b.test,127.0.0.4',
      'srv-host=_http._tcp.web.test,a.test,8080,1,5',
      'srv-host=_http._tcp.web.test,b.test,8081,2,0',
      'srv-host=_http._tcp.web.test,missing.test,8082,1,1',
    ]);
    const { addresses, ttlMs } = await new DnsLookup([dns.address]).lookup('_http._tcp.web.test');
    expect(addresses).to.have.deep.members([
      { host: '127.0.0.2', port: 8080, weight: 5, backup: false },
      { host: '127.0.0.3', port: 8080, weight: 5, backup: false },
      { host: '127.0.0.4', port: 8081, weight: 1, backup: true },
    ]);
    expect(ttlMs).to.equal(1000);
  });

  describe('followed by ELB', () => {
    let elb: Elb;
    const servers: NamedServer[] = [];
    afterEach(async () => {
      await elb.stop();
      await Promise.all(servers.splice(0).map((server) => server.stop()));
    });

    async function start(names: Readonly<Record<string, string>>): Promise<void> {
      const file = {
        domains: { 'a.test': { init: 'r', rules: { r: { type: 'backend', args: { servername: 'web' } } } } },
        upstreams: { web: names },
      };
      elb = await startElb({ file, env: { ELB_RESOLVER: dns.address } });
    }

    async function serve(name: string, host: string, port: number): Promise<NamedServer> {
      const server = await startNamedServer(name, host, port);
      servers.push(server);
      return server;
    }

    /** The names of the servers that answer now. */
    async function answering(): Promise<string> {
      const replies = await Promise.all(Array.from({ length: 6 }, () => elb.get('/', { host: 'a.test' })));
      return [...new Set(replies.map(({ text }) => text.split(' ', 1)[0]))].toSorted().join();
    }

    it('uses every address, follows changes, and keeps the last ones while nobody answers', async () => {
      const one = await serve('one', '127.0.0.2', 0);
      await serve('two', '127.0.0.3', one.port);
      await serve('three', '127.0.0.4', one.port);
      dns = await startDnsmasq(['host-record=web.test,127.0.0.2,1', 'host-record=web.test,127.0.0.3,1']);
      await start({ [`web.test:${one.port}`]: '' });
      expect(await answering()).to.equal('one,two');
      await dns.serve(['host-record=web.test,127.0.0.4,1']);
      await until('three answers', async () => (await answering()) === 'three');
      await dns.stop();
      await elb.logged(({ msg }) => msg.startsWith('name does not resolve'));
      expect(await answering()).to.equal('three');
      await dns.serve(['host-record=web.test,127.0.0.2,1']);
      await until('one answers', async () => (await answering()) === 'one');
    });

    it('finds a service by its SRV records, and uses the backups when the others are gone', async () => {
      const one = await serve('one', '127.0.0.2', 0);
      const two = await serve('two', '127.0.0.3', 0);
      dns = await startDnsmasq([
        'host-record=a.test,127.0.0.2,1',
        'host-record=b.test,127.0.0.3,1',
        `srv-host=_http._tcp.web.test,a.test,${one.port},1,1`,
        `srv-host=_http._tcp.web.test,b.test,${two.port},2,1`,
      ]);
      await start({ '_http._tcp.web.test': '' });
      expect(await answering()).to.equal('one');
      await dns.serve(['host-record=b.test,127.0.0.3,1', `srv-host=_http._tcp.web.test,b.test,${two.port},2,1`]);
      await until('two answers', async () => (await answering()) === 'two');
      const listed = (await elb.admin('GET', 'upstream')).json() as Record<string, { addr: unknown }[]>;
      expect(listed['web']?.[0]?.addr).to.equal(`127.0.0.3:${two.port}`);
    });
  });
});
