import { expect } from 'chai';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { fillDefaults } from '../../lib/core/defaults.ts';
import type { JsonSchema } from '../../lib/core/schema.ts';
import { domainRulesSchema } from '../../lib/tls/domain-rules.ts';
import { optionsSchema } from '../../lib/upstream/options/index.ts';

const point: JsonSchema = {
  type: 'object',
  properties: {
    x: { type: 'number', default: 1 },
    inside: { type: 'object', default: {}, properties: { y: { default: [] } } },
    many: { type: 'array', items: { type: 'object', properties: { z: { default: null } } } },
  },
};

const cases: readonly (readonly [what: string, schema: JsonSchema, value: unknown])[] = [
  ['an empty object', point, {}],
  ['what is there', point, { x: 2, other: 3 }],
  ['an object inside', point, { inside: { y: 4 } }],
  ['items', point, { many: [{}, { z: 1 }, 5] }],
  ['a value of another shape', point, { inside: 7, many: {} }],
  ['null', point, { x: null, inside: null }],
  ['no object', point, 'text'],
  ['the options of an upstream', optionsSchema, {}],
  ['some options of an upstream', optionsSchema, { health: { check: 'http', expect: {} }, balance: { hash: {} } }],
  ['the rules of a domain', domainRulesSchema, {}],
  ['orders of a domain', domainRulesSchema, { acme: {}, client_certificates: { mode: 'none' } }],
];

describe('defaults of a schema', () => {
  for (const [what, schema, value] of cases) {
    it(`are filled in as ajv does: ${what}`, () => {
      const ours = structuredClone(value);
      const theirs = structuredClone(value);
      fillDefaults(schema, ours);
      new Ajv2020({ useDefaults: true, strict: false, allErrors: true }).validate(schema, theirs);
      expect(ours).to.deep.equal(theirs);
    });
  }

  it('are copies', () => {
    const [one, other] = [{}, {}] as { inside?: { y: unknown[] } }[];
    fillDefaults(point, one);
    one?.inside?.y.push(1);
    fillDefaults(point, other);
    expect(other?.inside?.y).to.deep.equal([]);
  });
});
