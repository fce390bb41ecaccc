import { expect } from 'chai';
import fc from 'fast-check';
import { formatParameters, parseServer } from '../../lib/upstream/parameters.ts';
import type { ServerParameters } from '../../lib/upstream/parameters.ts';
import { USUAL_PARAMETERS } from '../../lib/upstream/server-spec.ts';

const names: readonly { readonly name: string; readonly host: string; readonly port: number }[] = [
  { name: '10.0.0.1:8080', host: '10.0.0.1', port: 8080 },
  { name: '10.0.0.1', host: '10.0.0.1', port: 80 },
  { name: '[::1]:8080', host: '::1', port: 8080 },
  { name: '[2001:db8::1]', host: '2001:db8::1', port: 80 },
  { name: '[::ffff:10.0.0.1]:1', host: '::ffff:10.0.0.1', port: 1 },
  { name: 'web-1.internal:65535', host: 'web-1.internal', port: 65_535 },
  { name: 'my_service:80', host: 'my_service', port: 80 },
  { name: 'host.', host: 'host.', port: 80 },
  { name: 'unix:/run/a.sock', host: 'unix:/run/a.sock', port: 0 },
  { name: '_http._tcp.a.test', host: '_http._tcp.a.test', port: 80 },
];

const texts: readonly { readonly text: string; readonly is: Partial<ServerParameters>; readonly written?: string }[] = [
  { text: '', is: {} },
  { text: 'weight=10 max_fails=2', is: { weight: 10, maxFails: 2 } },
  { text: '  max_fails=0\t max_conns=5 ', is: { maxFails: 0, maxConns: 5 }, written: 'max_fails=0 max_conns=5' },
  { text: 'backup', is: { backup: true } },
  { text: 'backup=true down=true', is: { backup: true, down: true }, written: 'backup down' },
  { text: 'fail_timeout=10 max_fails=1 weight=1', is: {}, written: '' },
  { text: 'fail_timeout=30', is: { failTimeoutMs: 30_000 }, written: 'fail_timeout=30s' },
  { text: 'fail_timeout=30s', is: { failTimeoutMs: 30_000 } },
  { text: 'fail_timeout=500ms', is: { failTimeoutMs: 500 } },
  { text: 'fail_timeout=1m', is: { failTimeoutMs: 60_000 }, written: 'fail_timeout=60s' },
  { text: 'fail_timeout=1h1m30', is: { failTimeoutMs: 3_690_000 }, written: 'fail_timeout=3690s' },
  { text: 'fail_timeout=1d', is: { failTimeoutMs: 86_400_000 }, written: 'fail_timeout=86400s' },
  { text: 'fail_timeout=0', is: { failTimeoutMs: 0 }, written: 'fail_timeout=0s' },
  { text: 'weight=2 weight=3', is: { weight: 3 }, written: 'weight=3' },
  { text: 'weight=0 priority=2 drain', is: { weight: 0, priority: 2, drain: true } },
  { text: 'tags=v2,zone=a,b,v2', is: { tags: ['b', 'v2', 'zone=a'] }, written: 'tags=b,v2,zone=a' },
];

const refused: readonly { readonly name?: string; readonly text?: string; readonly says: string }[] = [
  { name: '', says: '"" is not host:port' },
  { name: 'a b:80', says: 'is not host:port' },
  { name: '::1', says: 'is not host:port' },
  { name: '[::1', says: 'is not host:port' },
  { name: '[10.0.0.1]:80', says: 'is not host:port' },
  { name: '10.0.0.300:80', says: 'is not host:port' },
  { name: '10.0.1:80', says: 'is not host:port' },
  { name: 'http://a:80', says: 'is not host:port' },
  { name: '-a:80', says: 'is not host:port' },
  { name: 'a..b:80', says: 'is not host:port' },
  { name: 'a:', says: 'is not host:port' },
  { name: 'a:0', says: 'port outside of 1 to 65535' },
  { name: 'a:65536', says: 'port outside of 1 to 65535' },
  { name: 'a:http', says: 'is not host:port' },
  { name: 'unix:run/a.sock', says: 'is not unix: and a path' },
  { name: `unix:/${'x'.repeat(107)}`, says: 'is not unix: and a path of at most 107 bytes' },
  { name: '_http._tcp.a.test:80', says: 'is a service, which has its ports in DNS' },
  { text: 'weight', says: 'weight is a whole number from 0 to 2147483647, not nothing' },
  { text: 'tags', says: 'tags are words' },
  { text: 'tags=a,,b', says: 'tags are words without #, separated by commas, not "a,,b"' },
  { text: 'tags=a#b', says: 'tags are words' },
  { text: 'drain=no', says: 'drain takes no value' },
  { text: 'priority=-1', says: 'priority is a whole number' },
  { text: 'weight=-1', says: 'weight is' },
  { text: 'weight=1.5', says: 'weight is' },
  { text: 'weight=2147483648', says: 'weight is' },
  { text: 'max_fails=x', says: 'max_fails is a whole number from 0' },
  { text: 'max_conns=', says: 'max_conns is a whole number from 0' },
  { text: 'fail_timeout=', says: 'fail_timeout is a time' },
  { text: 'fail_timeout=10x', says: 'fail_timeout is a time such as 10s, not "10x"' },
  { text: 'fail_timeout=1s1m', says: 'fail_timeout is a time' },
  { text: 'fail_timeout=99999999999', says: 'fail_timeout is a time' },
  { text: 'backup=false', says: 'backup takes no value' },
  { text: 'down=1', says: 'down takes no value' },
  { text: 'slow_start=30s', says: 'unknown parameter "slow_start"' },
  { text: 'resolve', says: 'unknown parameter "resolve"' },
  { text: 'weight = 2', says: 'weight is a whole number' },
  { text: ';', says: 'unknown parameter ";"' },
];

describe('server parameters', () => {
  for (const { name, host, port } of names) {
    it(`reads the name ${name}`, () => {
      expect(parseServer(name, '')).to.deep.equal({ name, host, port, ...USUAL_PARAMETERS });
    });
  }

  for (const { text, is, written } of texts) {
    it(`reads ${JSON.stringify(text)} and writes it in its own form`, () => {
      const parsed = parseServer('a:80', text);
      expect(parsed).to.deep.equal({ name: 'a:80', host: 'a', port: 80, ...USUAL_PARAMETERS, ...is });
      if (!('problem' in parsed)) expect(formatParameters(parsed)).to.equal(written ?? text);
    });
  }

  for (const { name = 'a:80', text = '', says } of refused) {
    it(`refuses ${JSON.stringify(`${name} ${text}`)}`, () => {
      const parsed = parseServer(name, text);
      expect('problem' in parsed ? parsed.problem : 'no problem').to.include(says);
    });
  }

  it('reads what it writes, whatever the parameters', () => {
    const parameters = fc.record({
      weight: fc.nat(),
      priority: fc.nat(),
      drain: fc.boolean(),
      tags: fc.uniqueArray(fc.stringMatching(/^[a-z:=.-]{1,5}$/)).map((tags) => tags.toSorted()),
      maxFails: fc.nat(),
      failTimeoutMs: fc.nat(),
      maxConns: fc.nat(),
      backup: fc.boolean(),
      down: fc.boolean(),
    });
    fc.assert(
      fc.property(parameters, (some) => {
        const server = { name: 'a:80', host: 'a', port: 80, ...some };
        expect(parseServer('a:80', formatParameters(server))).to.deep.equal(server);
      }),
    );
  });
});
