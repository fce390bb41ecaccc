import { readFileSync } from 'node:fs';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { expect } from 'chai';
import { DEFAULT_OPTIONS, optionsSchema, readOptions, sections } from '../../lib/upstream/options/index.ts';
import { upstreamOptionFiles } from '../../scripts/write-upstream-options.ts';

const refused: readonly { readonly document: unknown; readonly problems: readonly (readonly [string, RegExp])[] }[] = [
  { document: null, problems: [['', /must be object/]] },
  { document: [], problems: [['', /must be object/]] },
  {
    document: { nope: {}, 'a/b': 1 },
    problems: [
      ['/nope', /is not known; there are balance/],
      ['/a~1b', /is not known/],
    ],
  },
  { document: { balance: 'random' }, problems: [['/balance', /must be object/]] },
  {
    document: { balance: { algorithm: 'best', slow_start: '10 s', more: 1 } },
    problems: [
      ['/balance/more', /is not known; there are algorithm/],
      ['/balance/algorithm', /is not one of round-robin/],
      ['/balance/slow_start', /is not a time such as/],
    ],
  },
  {
    // More than a timer can hold would be none at all.
    document: { timeouts: { request: '25d', read: '24d' }, breaker: { open: '9999d' }, connections: { idle: '1000h' } },
    problems: [
      ['/timeouts/request', /is longer than 24 days/],
      ['/breaker/open', /is longer than 24 days/],
      ['/connections/idle', /is longer than 24 days/],
    ],
  },
];

describe('options of an upstream', () => {
  it('are the shared defaults where nothing is said', () => {
    const { options, problems } = readOptions({});
    expect(problems).to.deep.equal([]);
    expect(options).to.deep.equal(DEFAULT_OPTIONS);
    expect(Object.isFrozen(DEFAULT_OPTIONS)).to.equal(true);
  });

  it('leave the document as it is', () => {
    const document = { balance: {} };
    readOptions(document);
    expect(document).to.deep.equal({ balance: {} });
  });

  for (const { document, problems } of refused) {
    it(`refuse ${JSON.stringify(document)}`, () => {
      const found = readOptions(document).problems;
      expect(found.map(({ at }) => at)).to.have.members(problems.map(([at]) => at));
      for (const [at, msg] of problems) expect(found.find((problem) => problem.at === at)?.msg).to.match(msg);
    });
  }

  it('have a description and a default, each; the defaults are what the schema accepts', () => {
    const check = (at: string, property: Readonly<Record<string, unknown>>): void => {
      expect(property, at).to.have.property('description').that.is.a('string');
      expect(property, at).to.have.property('default');
      for (const [name, inner] of Object.entries((property['properties'] ?? {}) as typeof property)) {
        check(`${at}/${name}`, inner as typeof property); // schemas have schemas as properties
      }
      if (property['properties'] !== undefined) expect(property, at).to.have.property('additionalProperties');
    };
    for (const [name, { schema }] of Object.entries(sections)) check(name, schema);
    const strict = new Ajv2020({ strict: true, allowUnionTypes: true, strictTypes: false });
    const filled = (schema: Readonly<Record<string, unknown>>): unknown => {
      const inner = schema['properties'];
      if (typeof inner !== 'object' || inner === null) return schema['default'];
      return Object.fromEntries(Object.entries(inner).map(([name, property]) => [name, filled(property)]));
    };
    expect(strict.validate(optionsSchema, filled(optionsSchema)), JSON.stringify(strict.errors)).to.equal(true);
  });

  it('are published as they are', () => {
    // Spaces apart, which are for Prettier to say.
    const words = (text: string) => text.replaceAll(/[\s|-]+/g, '');
    for (const [file, text] of upstreamOptionFiles()) {
      expect(words(readFileSync(file, 'utf8')), 'node scripts/write-upstream-options.ts').to.equal(words(text));
    }
  });
});
