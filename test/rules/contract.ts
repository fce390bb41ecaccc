import { Ajv2020 } from 'ajv/dist/2020.js';
import { expect } from 'chai';
import * as fc from 'fast-check';
import { Fault, faultOf } from '../../lib/core/faults.ts';
import { argsSchema, checkArgs } from '../../lib/routing/args-schema.ts';
import { edgeNames } from '../../lib/routing/edges.ts';
import { Plan } from '../../lib/routing/plan.ts';
import type { CompileContext, Node, Problem, Rule } from '../../lib/routing/rule.ts';
import { IDLE_MEANS, type Means } from '../../lib/routing/means.ts';
import { States, type Holding } from '../../lib/routing/states.ts';
import { rules } from '../../rules/index.ts';
import { TestRequest, type RequestParts } from '../routing/test-request.ts';

/** A node compiled from args that should be good, with one node behind each of its edges. */
export interface Compiled {
  readonly decide: Node['decide'];
  readonly problems: readonly Problem[];
  readonly schemaProblems: readonly Problem[];
  /** Asked for by `compile`. */
  readonly edges: readonly string[];
}

/** What a tested node gets from its worker. */
export interface TestWorld {
  readonly means?: Means;
  readonly holding?: Holding;
}

/** A decision: the edge that was taken, or null; and what the plan says. */
export interface Decision {
  readonly edge: string | null;
  readonly plan: Plan;
}

/** What every rule keeps to. `args` are good args of the rule, the more different the better. `isRandom`: it may draw lots; `isAsync`: it may wait. */
export function ruleContract(
  rule: Rule,
  args: readonly Readonly<Record<string, unknown>>[],
  { isRandom = false, isAsync = false }: { readonly isRandom?: boolean; readonly isAsync?: boolean } = {},
): void {
  describe('as a rule', () => {
    it('has a schema that ajv takes in strict mode, with a description for each property', () => {
      const schema = argsSchema(rule);
      expect(() => new Ajv2020({ strict: true, allowUnionTypes: true }).compile(schema)).not.to.throw();
      expect(schema['additionalProperties']).to.be.a('boolean');
      // The schema is ours: an object of objects.
      const properties = schema['properties'] as Record<string, { description?: string }>;
      for (const [name, property] of Object.entries(properties)) expect(property.description, name).to.be.a('string');
      for (const edge of rule.edges) expect(properties).to.have.property(edge);
    });

    it('says what it does in one sentence', () => {
      expect(rule.summary).to.match(/^[A-Z].*\.$/);
    });

    for (const each of args) {
      const title = JSON.stringify(each);

      it(`accepts ${title} and asks for declared edges only`, () => {
        const { problems, schemaProblems, edges } = compileNode(rule, each);
        expect([schemaProblems, problems]).to.deep.equal([[], []]);
        const declared = edgeNames(rule, each);
        for (const edge of edges) expect(declared).to.include(edge);
      });

      it(`bears any request, and decides the same each time: ${title}`, async () => {
        if (isAsync) return bearsLater(rule, each, isRandom);
        const before = structuredClone(each);
        const node = compileNode(rule, each);
        fc.assert(
          fc.property(hostileRequest, (request) => {
            const [first, second] = [decide(node, request), decide(node, request)];
            if (!isRandom) expect(second).to.deep.equal(first);
            expectUsable(second);
            expectUsable(first);
          }),
          { numRuns: 300 },
        );
        expect(each).to.deep.equal(before);
      });
    }
  });
}

export function compileNode(
  rule: Rule,
  args: Readonly<Record<string, unknown>>,
  { means = IDLE_MEANS, holding = new States().holding('tested') }: TestWorld = {},
): Compiled {
  const problems: Problem[] = [];
  const edges: string[] = [];
  const context: CompileContext = {
    name: 'tested',
    home: '',
    rules,
    means,
    depth: 0,
    state: (kind, key, make) => holding.take(kind, key, 'tested', make),
    edge(edge) {
      edges.push(edge);
      return { name: edge, decide: () => null };
    },
    problem(at, msg) {
      problems.push({ at, msg });
    },
  };
  const { problems: schemaProblems } = checkArgs(rule, args);
  const unusable = { decide: () => null, problems, schemaProblems, edges };
  return schemaProblems.length > 0 ? unusable : { ...unusable, decide: rule.compile(args, context) };
}

/** All that is wrong with some args. */
export function problemsOf(rule: Rule, args: Readonly<Record<string, unknown>>): readonly Problem[] {
  const { problems, schemaProblems } = compileNode(rule, args);
  return [...schemaProblems, ...problems];
}

/** What a node does with a request and the plan that the nodes before have left. */
export function decide(node: Compiled, request: RequestParts, plan: Plan = new Plan()): Decision {
  const next = node.decide(new TestRequest(plan, request), plan);
  if (next instanceof Promise) throw new Error('this rule has to be tested with promises');
  return { edge: next?.name ?? null, plan };
}

/** How a decision is waited for that may be a promise. */
export interface Later {
  /** It has to be there at once. */
  readonly isNow?: boolean;
  /** Told where it is not. */
  readonly onPromise?: () => void;
}

/** As `decide`, for a node that may wait. */
export async function decideLater(
  node: Compiled,
  request: RequestParts,
  plan: Plan = new Plan(),
  { isNow = false, onPromise }: Later = {},
): Promise<Decision> {
  const next = node.decide(new TestRequest(plan, request), plan);
  if (next instanceof Promise) {
    if (isNow) throw new Error('this has to be decided at once');
    onPromise?.();
  }
  return { edge: (await next)?.name ?? null, plan };
}

async function bearsLater(rule: Rule, args: Readonly<Record<string, unknown>>, isRandom: boolean): Promise<void> {
  const before = structuredClone(args);
  const node = compileNode(rule, args);
  const bears = async (request: RequestParts): Promise<void> => {
    const [first, second] = [await decideLater(node, request), await decideLater(node, request)];
    if (!isRandom) expect(second).to.deep.equal(first);
    expectUsable(second);
    expectUsable(first);
  };
  await fc.assert(fc.asyncProperty(hostileRequest, bears), { numRuns: 100 });
  expect(args).to.deep.equal(before);
}

/** Either an edge or an end that says what happens, and a path that can be sent. */
function expectUsable({ edge, plan }: Decision): void {
  if (edge === null) expect(isEnd(plan)).to.equal(true);
  if (plan.answer !== null)
    expect(plan.answer.lines).to.match(/^(?:[!#-'*+.^-z|~A-Z0-9-]+: [\t\x20-\x7e\x80-\xff]*\r\n)*$/);
  if (plan.path !== null) expect(plan.path).to.match(/^\/[\u0021-\u007e]*$/);
}

function isEnd({ upstream, answer, fault }: Plan): boolean {
  return upstream !== null || answer !== null || fault === Fault.CLOSED || faultOf(fault).status >= 400;
}

/** What the parser lets through, and worse. */
const hostileRequest: fc.Arbitrary<RequestParts> = fc.record({
  method: fc.constantFrom('GET', 'POST', 'OPTIONS', 'X-'),
  host: fc.constantFrom('', 'a.test', '[::1]', '*'),
  path: fc.oneof(
    fc.constantFrom('/', '*', '/blog', '/blog/', '/blog/a', '/blog/%2F', '/blog//a', '/api/../x', '//', '/%'),
    fc.string({ unit: fc.constantFrom(...'/.%2Fablog*;=~-'), maxLength: 40 }).map((text) => `/${text}`),
    fc.string({ unit: 'binary' }),
    fc.constant(`/${'a'.repeat(8000)}!`),
  ),
  query: fc.constantFrom('', '?', '?x=1'),
  clientAddress: fc.constantFrom('', '127.0.0.1', '::1'),
  fields: fc.dictionary(
    fc.constantFrom('user-agent', 'cookie', '__proto__'),
    fc.oneof(fc.string({ unit: 'binary' }), fc.constant('a'.repeat(60_000)), fc.constant('HTTPie/0.9.9')),
  ),
});
