import { getHeapStatistics } from 'node:v8';
import { expect } from 'chai';
import * as fc from 'fast-check';
import { Fault } from '../../lib/core/faults.ts';
import { YoungCollector } from '../../lib/core/young-collector.ts';
import { DomainTable } from '../../lib/routing/domain-table.ts';
import { IDLE_MEANS } from '../../lib/routing/means.ts';
import { defineRule } from '../../lib/routing/rule.ts';
import { States } from '../../lib/routing/states.ts';
import { TableFiller } from '../../lib/routing/table-filler.ts';

const NAMES = ['a.test', 'A.test', 'a.test.', 'a.test:443', 'b.test', '*.b.test', '*.B.test', '*', 'c.test'];

describe('table filler', () => {
  const name = fc.constantFrom(...NAMES);
  const create = (table: DomainTable): TableFiller =>
    new TableFiller(table, { rules: new Map(), means: IDLE_MEANS, states: new States(), young: new YoungCollector() });

  /** All that is found, by name and under every host. */
  function found(table: DomainTable): readonly (string | undefined)[] {
    const hosts = ['a.test', 'b.test', 'x.b.test', 'c.test', 'other'];
    return [
      ...NAMES.flatMap((own) => [table.spelled(own)?.name, table.named(own)?.name]),
      ...hosts.flatMap((host) => [table.find(host, '')?.name, table.find(host, '', true)?.name]),
    ];
  }

  it('takes a draft as if all of it had been put, into an empty table as into another', () => {
    fc.assert(
      fc.property(fc.array(name), fc.array(name), fc.array(name), (before, drafted, gone) => {
        const [table, plain] = [new DomainTable(), new DomainTable()];
        const [filler, other] = [create(table), create(plain)];
        for (const own of before) filler.put(own, '{}');
        for (const own of drafted) filler.draft(own, '{}');
        for (const own of before) other.put(own, '{}');
        expect(found(table), 'nothing is in force yet').to.deep.equal(found(plain));
        filler.endDraft(true);
        for (const own of drafted) other.put(own, '{}');
        expect(found(table)).to.deep.equal(found(plain));
        for (const own of gone) {
          filler.put(own, null);
          other.put(own, null);
        }
        expect(found(table)).to.deep.equal(found(plain));
        filler.endDraft(true);
        expect(found(table), 'a draft is taken once').to.deep.equal(found(plain));
      }),
    );
  });

  it('forgets a draft', () => {
    const table = new DomainTable();
    const filler = create(table);
    filler.draft('a.test', '{}');
    filler.endDraft(false);
    filler.endDraft(true);
    expect(table.isEmpty).to.equal(true);
  });

  it('makes nothing where nothing is drafted: each change of a whole table ends a draft', () => {
    const filler = create(new DomainTable());
    const before = getHeapStatistics().total_allocated_bytes;
    for (let i = 0; i < 1000; i++) filler.endDraft(false);
    // A table is 35 KB.
    expect(getHeapStatistics().total_allocated_bytes - before).to.be.below(1_000_000);
  });

  it('opens a few graphs, and leaves the others asleep', () => {
    let opened = 0;
    const counting = defineRule({
      type: 'end',
      summary: '',
      args: {},
      edges: [],
      compile: () => (opened++, () => null),
    });
    const table = new DomainTable();
    const world = { means: IDLE_MEANS, states: new States(), young: new YoungCollector() };
    const filler = new TableFiller(table, { rules: new Map([['end', counting]]), ...world });
    filler.openSome();
    filler.putBad('bad.test', Fault.BAD_GRAPH);
    const document = '{"init": "a", "rules": {"a": {"type": "end", "args": {}}}}';
    for (let i = 0; i < 100; i++) filler.put(`${i}.test`, document);
    filler.openSome();
    expect(opened).to.be.within(1, 4);
    for (const domain of table.entries()) expect(domain.graph === null).to.equal(domain.name === 'bad.test');
    expect(opened).to.equal(100);
  });
});
