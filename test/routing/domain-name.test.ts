import { expect } from 'chai';
import { Fault } from '../../lib/core/faults.ts';
import { readAuthority } from '../../lib/http/authority.ts';
import { checkDomainName, normalDomainName } from '../../lib/routing/domain-name.ts';
import { DomainTable } from '../../lib/routing/domain-table.ts';

describe('domain names', () => {
  const good: readonly (readonly [name: string, normal: string])[] = [
    ['a.test', 'a.test'],
    ['A.Test', 'a.test'],
    ['a.test.', 'a.test'],
    ['a.test:80', 'a.test'],
    ['A.TEST.:80', 'a.test'],
    ['a.test:8080', 'a.test:8080'],
    ['a.test.:8080', 'a.test:8080'],
    ['a.test:443', 'a.test:443'],
    ['localhost', 'localhost'],
    ['my_app.test', 'my_app.test'],
    ['xn--bcher-kva.test', 'xn--bcher-kva.test'],
    ['127.0.0.1', '127.0.0.1'],
    ['127.0.0.1:65535', '127.0.0.1:65535'],
    ['[::1]', '[::1]'],
    ['[::1]:80', '[::1]'],
    ['[2001:DB8::1]:8080', '[2001:db8::1]:8080'],
    ['[::ffff:10.0.0.1]', '[::ffff:10.0.0.1]'],
    ['*', '*'],
    ['*.a.test', '*.a.test'],
    ['*.A.test.', '*.a.test'],
    ['constructor', 'constructor'],
    ['__proto__', '__proto__'],
    [`${'a'.repeat(63)}.test`, `${'a'.repeat(63)}.test`],
  ];
  for (const [name, normal] of good) {
    it(`accepts ${name.slice(0, 40)}`, () => {
      expect(checkDomainName(name)).to.equal(null);
      expect(normalDomainName(name)).to.equal(normal);
      expect(normalDomainName(normal)).to.equal(normal);
      expect(checkDomainName(normal)).to.equal(null);
    });
  }

  it('every host of a request is found under its own name, whatever its case, dot and default port', () => {
    for (const [name] of good.filter(([each]) => !each.startsWith('*'))) {
      const bytes = Buffer.from(name, 'latin1');
      const host = { host: '', port: '' };
      expect(readAuthority(host, bytes, 0, bytes.length, '80'), name).to.equal(true);
      const domains = new DomainTable();
      domains.set({ name, graph: null, fault: Fault.BAD_GRAPH });
      expect(domains.find(host.host, host.port)?.name).to.equal(name);
    }
  });

  const bad: readonly (readonly [name: string, reason: RegExp])[] = [
    ['', /empty$/],
    [' ', /white space/],
    ['a .test', /white space/],
    ['a\n.test', /control/],
    ['a\u0000.test', /control/],
    ['a.test\u007f', /control/],
    ['a/b', /slash/],
    ['http://a.test', /slash/],
    ['bücher.test', /A-labels/],
    ['a.test\u00a0', /A-labels/],
    ['.', /not a host/],
    ['.a.test', /not a host/],
    ['a..test', /not a host/],
    ['a.test..', /not a host/],
    ['*.', /not a host/],
    ['*.[::1]', /both a wildcard and a port|not a host/],
    ['a*.test', /wildcard/],
    ['a.*.test', /wildcard/],
    ['**.test', /wildcard/],
    ['*.*.test', /wildcard/],
    ['*:80', /both a wildcard and a port/],
    ['*.a.test:8080', /both a wildcard and a port/],
    ['a.test:', /not a host/],
    ['a.test:0', /not a host/],
    ['a.test:080', /not a host/],
    ['a.test:65536', /not a host/],
    ['a.test:http', /not a host/],
    ['a.test:-1', /not a host/],
    [':80', /not a host/],
    ['a:b:80', /not a host/],
    ['::1', /not a host/],
    ['[::1', /not a host/],
    ['[::1]x', /not a host/],
    ['[a.test]', /not a host/],
    ['[::1%eth0]', /not a host/],
    ['[1::2::3]', /not a host/],
    ['user@a.test', /not a host/],
    ['a.test?x', /not a host/],
    ['a,b', /not a host/],
    ['abcdefg.'.repeat(33), /not a host/],
  ];
  for (const [name, reason] of bad) {
    it(`refuses ${JSON.stringify(name.slice(0, 40))}`, () => {
      expect(checkDomainName(name)).to.match(reason);
    });
  }
});
