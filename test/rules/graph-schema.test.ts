import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { expect } from 'chai';
import type * as LanguageService from 'vscode-json-languageservice';
import { graphSchema } from '../../scripts/write-graph-schema.ts';
import { checkArgs } from '../../lib/routing/args-schema.ts';
import type { GraphDocument } from '../../lib/routing/rule.ts';
import { rules } from '../../rules/index.ts';
import { examples } from './examples.ts';

const published: unknown = JSON.parse(readFileSync(new URL('../../docs/schema/graph.json', import.meta.url), 'utf8'));

// A module of CommonJS whose names cannot be seen by an import.
const { getLanguageService, TextDocument } = createRequire(import.meta.url)(
  'vscode-json-languageservice',
) as typeof LanguageService;

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

  it('takes every graph of the gallery, and none in which something is rubbish', () => {
    let graphs = 0;
    let refused = 0;
    for (const graph of galleryGraphs()) {
      expect(validate(graph), JSON.stringify(validate.errors)).to.equal(true);
      graphs++;
      for (const rubbish of spoiled(graph)) {
        expect(validate(rubbish), JSON.stringify(rubbish)).to.equal(false);
        refused++;
      }
    }
    expect(graphs).to.be.at.least(10);
    expect(refused).to.be.above(10 * graphs);
  });

  it('tells what each property of it is for', () => {
    const silent: string[] = [];
    const look = (schema: unknown, at: string): void => {
      if (typeof schema !== 'object' || schema === null) return;
      for (const [name, own] of Object.entries(schema)) {
        if (name === 'properties' && !at.includes('/if') && !at.includes('/then'))
          for (const [property, { description, $ref }] of Object.entries<Record<string, unknown>>(own))
            if (description === undefined && $ref === undefined) silent.push(`${at}/${property}`);
        if (name !== 'enum' && name !== 'default' && name !== 'const') look(own, `${at}/${name}`);
      }
    };
    look(published, '');
    expect(silent).to.deep.equal([]);
  });

  describe('in an editor', () => {
    // The engine of Visual Studio Code, which many others have as well.
    const engine = getLanguageService({});
    engine.configure({
      schemas: [{ uri: 'elb://graph', fileMatch: ['*'], schema: published as object }],
      validate: true,
    });

    /** What is offered at the bar, each with the text beside it. */
    async function offered(text: string): Promise<ReadonlyMap<string, string>> {
      const document = TextDocument.create('elb://a.json', 'json', 1, text.replace('|', ''));
      const list = await engine.doComplete(
        document,
        document.positionAt(text.indexOf('|')),
        engine.parseJSONDocument(document),
      );
      return new Map(
        (list?.items ?? []).map(({ label, documentation = '' }) => [
          label.replaceAll('"', ''),
          typeof documentation === 'string' ? documentation : documentation.value,
        ]),
      );
    }
    const node = (text: string): string => `{"init": "a", "rules": {"a": ${text}}}`;

    for (const [text, labels] of [
      ['{|}', ['init', 'rules']],
      [node('{|}'), ['type', 'args']],
      [node('{"type": |}'), ['path', 'backend', 'rate-limit', 'oidc']],
      [node('{"type": "rate-limit", "args": {|}}'), ['limit', 'per', 'by', 'scope', 'next', 'limited']],
      [node('{"type": "rate-limit", "args": {"scope": |}}'), ['worker', 'instance', 'fleet']],
      [node('{"type": "switch", "args": {"cases": [{|}]}}'), ['exact', 'prefix', 'pattern', 'to']],
      [node('{"type": "switch", "args": {"on": {|}}}'), ['header', 'cookie', 'query', 'template']],
      [node('{"type": "all", "args": {"of": [{|}]}}'), ['host', 'header', 'not']],
      [node('{"type": "all", "args": {"of": [{"not": {"of": {"header": {|}}}}]}}'), ['name', 'exact', 'present']],
    ] as const)
      it(`${text} is completed with ${labels.join(', ')}`, async () => {
        const found = await offered(text);
        expect([...found.keys()]).to.include.members([...labels]);
        if (!text.includes('"type": |')) for (const label of labels) expect(found.get(label), label).to.not.equal('');
      });

    it('tells at once what is no arg, no value, and no type', async () => {
      const told = async (text: string): Promise<string> => {
        const document = TextDocument.create('elb://a.json', 'json', 1, text);
        return (await engine.doValidation(document, engine.parseJSONDocument(document)))
          .map(({ message }) => message)
          .join();
      };
      expect(await told(node('{"type": "path", "args": {"patern": "/"}}'))).to.include('patern');
      expect(await told(node('{"type": "rate-limit", "args": {"limit": "5", "per": "1s"}}'))).to.include('integer');
      expect(await told(node('{"type": "pth", "args": {}}'))).to.include('path');
      expect(await told(node('{"type": "path", "args": {"pattern": "/", "succ": "a", "fail": null}}'))).to.equal('');
    });
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

function galleryGraphs(): readonly GraphDocument[] {
  const folder = new URL('../../docs/gallery/', import.meta.url);
  return readdirSync(folder).flatMap((file) => {
    const [, json = '{}'] = /```json\n([^]*?)\n```/.exec(readFileSync(new URL(file, folder), 'utf8')) ?? [];
    const { domains = {} } = JSON.parse(json) as { domains?: Record<string, GraphDocument> }; // as the page shows it
    return Object.values(domains);
  });
}

/** A graph in which one thing after the other is wrong. */
function* spoiled({ init, rules: nodes }: GraphDocument): Generator<unknown> {
  yield { rules: nodes };
  yield { init };
  yield { init: [init], rules: nodes };
  yield { init, rules: Object.entries(nodes) };
  for (const [name, node] of Object.entries(nodes)) {
    const wrong: readonly unknown[] = [
      null,
      node.type,
      { ...node, type: `${node.type}s` },
      { type: node.type },
      { ...node, args: [node.args] },
      ...(node.type === 'backend' ? [] : [{ ...node, args: { ...node.args, no_such_arg: 1 } }]),
      ...(rules.get(node.type)?.edges ?? []).map((edge) => ({ ...node, args: { ...node.args, [edge]: 7 } })),
    ];
    for (const one of wrong) yield { init, rules: { ...nodes, [name]: one } };
  }
}
