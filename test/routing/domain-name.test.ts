import { expect } from 'chai';
import { checkDomainName, normalDomainName } from '../../lib/routing/domain-name.ts';

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
    });
  }

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
    ['.', /empty label/],
    ['.a.test', /empty label/],
    ['a..test', /empty label/],
    ['a.test..', /empty label/],
    ['*.', /empty label/],
    ['a*.test', /wildcard/],
    ['a.*.test', /wildcard/],
    ['**.test', /wildcard/],
    ['*.*.test', /wildcard/],
    ['*:80', /both a wildcard and a port/],
    ['*.a.test:8080', /both a wildcard and a port/],
    ['a.test:', /port/],
    ['a.test:0', /port/],
    ['a.test:080', /port/],
    ['a.test:65536', /port/],
    ['a.test:http', /port/],
    ['a.test:-1', /port/],
    [':80', /empty label/],
    ['a:b:80', /no label/],
    ['::1', /no label|empty label/],
    ['[::1', /IPv6/],
    ['[::1]x', /IPv6/],
    ['[a.test]', /IPv6/],
    ['[::1%eth0]', /IPv6/],
    ['[1::2::3]', /IPv6/],
    ['user@a.test', /no label/],
    ['a.test?x', /no label/],
    ['a,b', /no label/],
    [`${'a'.repeat(64)}.test`, /longer than 63/],
    ['abcdefg.'.repeat(32), /longer than 253/],
  ];
  for (const [name, reason] of bad) {
    it(`refuses ${JSON.stringify(name.slice(0, 40))}`, () => {
      expect(checkDomainName(name)).to.match(reason);
    });
  }
});
