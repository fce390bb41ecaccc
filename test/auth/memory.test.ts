import { execFileSync } from 'node:child_process';
import { expect } from 'chai';
import fc from 'fast-check';
import { RUNTIME_FLAGS } from '../../bin/runtime-flags.ts';
import { CookieJar } from '../../lib/auth/cookie-jar.ts';
import { Recall } from '../../lib/auth/recall.ts';
import { Seal } from '../../lib/auth/seal.ts';
import { Verified } from '../../lib/auth/verified.ts';

describe('what is remembered of credentials', () => {
  it('is found by hashes whose seed is another in each process', () => {
    const program = `const { internalBinding } = require('internal/test/binding');
      process.stdout.write(String(internalBinding('v8').getHashSeed()))`;
    const seeds = Array.from({ length: 3 }, () =>
      execFileSync(process.execPath, [...RUNTIME_FLAGS, '--expose-internals', '-e', program], {
        encoding: 'utf8',
        stdio: ['ignore', 'pipe', 'ignore'],
      }),
    );
    expect(seeds.join()).to.match(/^\d+,\d+,\d+$/);
    expect(new Set(seeds).size).to.equal(3);
  });

  it('is known until its time is over, and no longer', () => {
    let clock = 0;
    const verified = new Verified<number>(10, () => clock);
    verified.put('a', 1, 100);
    verified.put('b', 2, 0);
    expect([verified.get('a'), verified.get('b')]).to.deep.equal([1, undefined]);
    clock = 100;
    expect(verified.get('a')).to.equal(undefined);
    expect(verified.size).to.equal(0);
  });

  it('is never more than its bound, whatever is asked', () => {
    const verified = new Verified<number>(3);
    for (let i = 0; i < 1000; i++) verified.put(`${i}`, i, 1000);
    expect(verified.size).to.equal(3);
    expect([verified.get('999'), verified.get('996')]).to.deep.equal([999, undefined]);
  });

  it('has different keys for different lists of parts, and none of them in it', () => {
    const verified = new Verified<number>();
    fc.assert(
      fc.property(fc.array(fc.string()), fc.array(fc.string()), (one, other) => {
        const isSame = JSON.stringify(one) === JSON.stringify(other);
        expect(verified.key(...one) === verified.key(...other)).to.equal(isSame);
      }),
    );
    expect(verified.key('a', 'b')).to.not.equal(verified.key('ab'));
    expect(verified.key('secret-token')).to.not.include('secret-token');
  });

  it('is found out once for all who ask at the same time, and again after a failure', async () => {
    const verified = new Verified<number>();
    let calls = 0;
    const find = async () => {
      calls++;
      if (calls === 1) throw new Error('not now');
      return { result: calls, forMs: 1000 };
    };
    const first = await Promise.allSettled([verified.find('a', find), verified.find('a', find)]);
    expect(first.map(({ status }) => status)).to.deep.equal(['rejected', 'rejected']);
    expect(await Promise.all([verified.find('a', find), verified.find('a', find)])).to.deep.equal([2, 2]);
    expect([verified.get('a'), verified.pending, calls]).to.deep.equal([2, 0, 2]);
  });
});

describe('what was presented a moment ago', () => {
  let clock = 0;
  beforeEach(() => {
    clock = 1000;
  });
  const recall = () => new Recall<number>(() => clock);

  it('is known while it is in use, and twenty seconds longer at most', () => {
    const one = recall();
    one.put('a', 1, Infinity);
    for (let i = 0; i < 20; i++) {
      clock += 9000;
      expect(one.get('a'), String(i)).to.equal(1);
    }
    clock += 20_000;
    expect(one.get('b')).to.equal(undefined);
    expect(one.size).to.equal(0);
  });

  it('is never known beyond its time, whatever the clock is behind', () => {
    const one = recall();
    one.put('a', 1, clock + 1000);
    one.put('b', 2, clock + 100);
    expect([one.get('a'), one.get('b')]).to.deep.equal([1, undefined]);
    clock += 900;
    expect(one.get('a')).to.equal(undefined);
  });

  it('is bounded in number and in characters, and what is in use stays', () => {
    const one = recall();
    for (let i = 0; i < 20_000; i++) {
      one.put(`token ${i}`, i, Infinity);
      if (i % 1000 === 0) expect(one.get('token 0')).to.equal(0);
    }
    expect(one.size).to.be.at.most(4000);
    const large = recall();
    for (let i = 0; i < 100; i++) large.put(`${'x'.repeat(200_000)}${i}`, i, Infinity);
    expect(large.size).to.be.at.most(10);
    large.put('x'.repeat(1_000_000), 1, Infinity);
    expect(large.get('x'.repeat(1_000_000))).to.equal(undefined);
  });
});

describe('what is sealed', () => {
  it('opens to its value, for its purpose, with its secret, in its time', () => {
    let clock = 0;
    const seal = new Seal(['secret'], 'session', () => clock);
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const text = seal.close({ value }, 100);
        expect(text).to.match(/^[\w-]+$/);
        expect(JSON.stringify(seal.open(text))).to.equal(JSON.stringify({ value }));
        expect(new Seal(['secret'], 'login', () => clock).open(text)).to.equal(null);
        expect(new Seal(['other'], 'session', () => clock).open(text)).to.equal(null);
        expect(new Seal(['other', 'secret'], 'session', () => clock).open(text)).to.not.equal(null);
      }),
    );
    const text = seal.close({}, 100);
    clock = 100;
    expect(seal.open(text)).to.equal(null);
  });

  it('opens no text in which anything was changed', () => {
    const seal = new Seal(['secret'], 'session');
    const bytes = Buffer.from(seal.close({ sub: 'ann' }, 1000), 'base64url');
    for (let i = 0; i < bytes.length; i++) {
      const other = Buffer.from(bytes);
      other[i] = (other[i] ?? 0) ^ 1;
      expect(seal.open(other.toString('base64url'))).to.equal(null);
    }
    for (const text of ['', 'A', 'A'.repeat(10_000), '%', seal.close({}, 1).slice(0, 20)])
      expect(seal.open(text)).to.equal(null);
  });
});

describe('a value in cookies', () => {
  it('comes back as it was, in as many cookies as it needs, whatever else is there', () => {
    for (const length of [0, 1, 3800, 3801, 7600, 19_000]) {
      const jar = new CookieJar('s', true);
      const value = 'x'.repeat(length);
      const lines = jar.lines(value, 60) ?? '';
      const kept = new Map(
        [...lines.matchAll(/Set-Cookie: ([^=]+)=([^;]*);/g)].map(([, name = '', part = '']) => [name, part]),
      );
      for (const line of lines.split('\r\n').slice(0, -1)) {
        expect(line.length).to.be.below(4096);
        expect(line).to.match(/^Set-Cookie: __Host-s.*; Max-Age=60; Path=\/; HttpOnly; SameSite=Lax; Secure$/);
      }
      kept.set('__Host-s.4', kept.get('__Host-s.4') ?? 'stale');
      expect(jar.read((name) => kept.get(name) ?? null)).to.equal(value);
    }
    expect(new CookieJar('s', false).lines('x'.repeat(19_001), 60)).to.equal(null);
  });

  it('is forgotten whole, and not believed in part', () => {
    const jar = new CookieJar('s', false);
    const cookies: Record<string, string> = { s: '2aa', 's.1': 'bb' };
    expect(jar.read((name) => cookies[name] ?? null)).to.equal('aabb');
    expect(jar.forget((name) => cookies[name] ?? null).match(/Set-Cookie: s(?:\.1)?=; Max-Age=0/g)).to.have.length(2);
    for (const first of ['', '0a', '9a', 'a', '2a'])
      expect(jar.read((name) => (name === 's' ? first : null))).to.equal(null);
  });
});
