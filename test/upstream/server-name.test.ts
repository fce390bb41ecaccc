import { expect } from 'chai';
import { authorityOf, hostOf, isLookedUp, isSrvName } from '../../lib/upstream/server-name.ts';

const names: readonly [name: string, host: string, plain: string, secure: string][] = [
  ['web.test:8080', 'web.test', 'web.test:8080', 'web.test:8080'],
  ['web.test:80', 'web.test', 'web.test', 'web.test:80'],
  ['web.test:443', 'web.test', 'web.test:443', 'web.test'],
  ['web.test', 'web.test', 'web.test', 'web.test'],
  ['[::1]:443', '::1', '[::1]:443', '[::1]'],
  ['10.0.0.1:80', '10.0.0.1', '10.0.0.1', '10.0.0.1:80'],
  ['https://web.test:443', 'web.test', 'web.test:443', 'web.test'],
  ['http://[::1]:80/', '::1', '[::1]', '[::1]:80'],
  ['_https._tcp.web.test', 'web.test', 'web.test', 'web.test'],
  ['unix:/run/web.sock', 'localhost', 'localhost', 'localhost'],
];

describe('name of a server', () => {
  for (const [name, host, plain, secure] of names)
    it(`${name} has the host ${host}`, () => {
      expect(hostOf(name)).to.equal(host);
      expect([authorityOf(name, false), authorityOf(name, true)]).to.deep.equal([plain, secure]);
    });

  it('is looked up unless it is an address or a path, by SRV records if it is a service', () => {
    const hosts = ['10.0.0.1', '::1', 'unix:/run/a', 'web.test', '_http._tcp.web.test', '_web.test'];
    expect(hosts.map((host) => isLookedUp(host))).to.deep.equal([false, false, false, true, true, true]);
    expect(hosts.map((host) => isSrvName(host))).to.deep.equal([false, false, false, false, true, false]);
  });
});
