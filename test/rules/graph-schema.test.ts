import { readFileSync } from 'node:fs';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { expect } from 'chai';
import { graphSchema } from '../../scripts/write-graph-schema.ts';
import { checkArgs } from '../../lib/routing/args-schema.ts';
import { rules } from '../../rules/index.ts';
import { examples } from './examples.ts';

const published: unknown = JSON.parse(readFileSync(new URL('../../docs/schema/graph.json', import.meta.url), 'utf8'));

describe('docs/schema/graph.json', () => {
  // It is an object: the first test says so.
  const validate = new Ajv2020({ allowUnionTypes: true }).compile(published as object);
  const fits = (type: string, args: unknown): boolean => validate({ init: 'n', rules: { n: { type, args } } });

  it('is what the rules say (node scripts/write-graph-schema.ts)', () => {
    expect(published).to.deep.equal(JSON.parse(JSON.stringify(graphSchema())));
  });

  it('takes the worked examples of every rule, each of which has one', () => {
    const all = examples();
    expect([...new Set(all.map(({ type }) => type))]).to.have.members([...rules.keys()]);
    for (const { type, args } of all) expect(fits(type, args), JSON.stringify({ type, args })).to.equal(true);
  });

  it('agrees with the check of documents about examples in which something is wrong, missing or too much', () => {
    let refused = 0;
    for (const { type, args } of examples()) {
      const rule = rules.get(type);
      if (rule === undefined) continue;
      const names = Object.keys({ ...(rule.args['properties'] as object), ...args }); // as the contract of rules demands
      const others = [
        { ...args, no_such_arg: 1 },
        ...names.flatMap((name) => {
          const { [name]: _, ...without } = args;
          return [
            without,
            ...[17, -1, 'x', '', true, null, [], {}, ['x'], { x: 1 }].map((value) => ({ ...args, [name]: value })),
          ];
        }),
      ];
      for (const other of others) {
        const isRefused = checkArgs(rule, other).problems.length > 0;
        expect(fits(type, other), JSON.stringify({ type, args: other })).to.equal(!isRefused);
        if (isRefused) refused++;
      }
    }
    expect(refused).to.be.above(1000);
  });

  for (const [document, what] of [
    [{}, 'nothing'],
    [{ init: 'a' }, 'no nodes'],
    [{ init: 1, rules: {} }, 'a number as its first node'],
    [{ init: 'a', rules: { a: { type: 'nope', args: {} } } }, 'an unknown type'],
    [{ init: 'a', rules: { a: { type: 'close' } } }, 'no args'],
    [{ init: 'a', rules: { a: 1 } }, 'a number as a node'],
  ] as const)
    it(`refuses a document with ${what}`, () => {
      expect(validate(document)).to.equal(false);
    });
});
