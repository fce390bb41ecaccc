import { expect } from 'chai';
import * as fc from 'fast-check';
import { Fault } from '../../lib/core/faults.ts';
import { normalDomainName } from '../../lib/routing/domain-name.ts';
import { DomainTable, type DomainEntry } from '../../lib/routing/domain-table.ts';

describe('DomainTable', () => {
  const all = [
    'a.test',
    'a.test:8080',
    'b.a.test:81',
    '*.a.test',
    '*.b.a.test',
    '*',
    '[::1]',
    '127.0.0.1',
    '__proto__',
  ];
  const table: readonly (readonly [host: string, port: string, names: readonly string[], found: string | null])[] = [
    ['a.test', '', all, 'a.test'],
    ['a.test', '8080', all, 'a.test:8080'],
    ['a.test', '8081', all, 'a.test'],
    ['a.test', '', ['a.test:8080'], null],
    ['b.a.test', '', all, '*.a.test'],
    ['b.a.test', '81', all, 'b.a.test:81'],
    ['b.a.test', '82', all, '*.a.test'],
    ['c.b.a.test', '', all, '*.b.a.test'],
    ['d.c.b.a.test', '', all, '*.b.a.test'],
    ['x.y.a.test', '', ['*.a.test'], '*.a.test'],
    ['a.test', '', ['*.a.test'], null],
    ['xa.test', '', ['*.a.test'], null],
    ['other', '', all, '*'],
    ['other', '', ['a.test'], null],
    ['test', '', ['*.test'], null],
    ['b.a.test', '', ['*.A.TEST.'], '*.A.TEST.'],
    ['[::1]', '', all, '[::1]'],
    ['[::1]', '8080', all, '[::1]'],
    ['127.0.0.1', '8080', all, '127.0.0.1'],
    ['__proto__', '', all, '__proto__'],
    ['constructor', '', ['a.test'], null],
    ['', '', ['a.test'], null],
    ['a.test', '', ['A.test', 'a.test.', 'a.test'], 'a.test'],
    ['a.test', '', ['a.test', 'A.test', 'a.test.'], 'a.test'],
    ['a.test', '', ['a.test:80', 'A.test'], 'A.test'],
    ['a.test', '', ['A.test', 'a.test:80'], 'A.test'],
    ['a.test', '8080', ['A.test:8080', 'a.test'], 'A.test:8080'],
  ];
  for (const [host, port, names, found] of table) {
    it(`${host}${port && `:${port}`} among ${names === all ? 'all' : names.join(', ')}: ${found ?? 'none'}`, () => {
      expect(tableOf(names).find(host, port)?.name ?? null).to.equal(found);
    });
  }

  it('replaces and deletes', () => {
    const domains = tableOf(['a.test', 'A.test', '*.test']);
    const replaced: DomainEntry = { name: 'a.test', graph: null, fault: Fault.BROKEN_GRAPH };
    domains.set(replaced);
    expect(domains.find('a.test', '')).to.equal(replaced);
    domains.delete('a.test');
    expect(domains.find('a.test', '')?.name).to.equal('A.test');
    domains.delete('A.test');
    domains.delete('A.test');
    domains.delete('never there');
    expect(domains.find('a.test', '')?.name).to.equal('*.test');
    domains.delete('*.test');
    expect(domains.find('a.test', '')).to.equal(null);
  });

  it('finds what a search of all names finds, after any sets and deletes', () => {
    const name = fc.constantFrom(...NAMES);
    const step = fc.oneof(
      { weight: 3, arbitrary: fc.record({ kind: fc.constant('set' as const), name }) },
      { weight: 2, arbitrary: fc.record({ kind: fc.constant('delete' as const), name }) },
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        const domains = new DomainTable();
        const model = new Set<string>();
        const former = new Map<string, DomainEntry>();
        for (const { kind, name: at } of steps) {
          const one = entry(at);
          if (kind === 'set') {
            expect(domains.set(one)).to.equal(former.get(at) ?? null);
            former.set(at, one);
            model.add(at);
          } else {
            domains.delete(at);
            former.delete(at);
            model.delete(at);
          }
        }
        for (const host of HOSTS) {
          for (const port of ['', '81', '8080']) {
            expect(domains.find(host, port)?.name ?? null, `${host}:${port}`).to.equal(search(model, host, port));
          }
        }
      }),
      { numRuns: 1000 },
    );
  });

  it('looks up once per label at most, however many domains there are', () => {
    const domains = tableOf(Array.from({ length: 10_000 }, (_, i) => `*.d${i}.test`));
    expect(lookUps(() => domains.find('a.b.c.d7.test', '8080'))).to.be.at.most('a.b.c.d7.test'.split('.').length + 3);
  });

  it('looks up no wildcard where there is none', () => {
    const domains = tableOf(['a.test']);
    expect(lookUps(() => domains.find('a.b.c.test', ''))).to.be.at.most(2);
  });
});

const NAMES = [
  'a.test',
  'A.test',
  'a.test.',
  'a.test:80',
  'a.test:8080',
  'A.test:8080',
  '*.test',
  '*.TEST',
  '*.a.test',
  '*.b.a.test',
  '*',
];
const HOSTS = ['a.test', 'b.a.test', 'c.b.a.test', 'test', 'x.test', 'other'];

/** The rules of the choice, name by name. */
function search(names: ReadonlySet<string>, host: string, port: string): string | null {
  const labels = host.split('.');
  const wanted = [`${host}:${port}`, host, ...labels.slice(1).map((_, i) => `*.${labels.slice(i + 1).join('.')}`), '*'];
  for (const normal of port === '' ? wanted.slice(1) : wanted) {
    const same = [...names].filter((name) => normalDomainName(name) === normal);
    if (same.includes(normal)) return normal;
    const first = same.toSorted()[0];
    if (first !== undefined) return first;
  }
  return null;
}

function tableOf(names: readonly string[]): DomainTable {
  const domains = new DomainTable();
  for (const name of names) domains.set(entry(name));
  return domains;
}

function entry(name: string): DomainEntry {
  return { name, graph: null, fault: Fault.BAD_GRAPH };
}

/** How often a function asks a Map. */
function lookUps(call: () => unknown): number {
  // The table's maps are private, and the count is what the spec promises.
  /* oxlint-disable no-extend-native */
  const { get } = Map.prototype;
  let count = 0;
  Map.prototype.get = function counted(this: Map<unknown, unknown>, key: unknown): unknown {
    count++;
    return get.call(this, key);
  };
  try {
    call();
  } finally {
    Map.prototype.get = get;
  }
  return count;
}
