import type { Ajv2020, ErrorObject, ValidateFunction } from 'ajv/dist/2020.js';
import { nearest } from '../core/nearest.ts';
import { pointerStep, type Problem } from '../core/problem.ts';
import { createValidator } from '../core/validator.ts';
import type { Rule } from './rule.ts';

/** JSON schema of everything a rule's node may have in its args: the rule's own args and its edges. */
export function argsSchema(rule: Rule): Readonly<Record<string, unknown>> {
  const edges = rule.edges.map((edge) => [edge, TURNED_AWAY.has(edge) ? OTHER_EDGE : EDGE] as const);
  return { type: 'object', ...rule.args, properties: { ...propertiesOf(rule.args), ...Object.fromEntries(edges) } };
}

export interface CheckedArgs {
  /** What is wrong by the rule's schema, with pointers below the args. */
  readonly problems: readonly Problem[];
  /** Whether the rule can compile the args all the same: nothing is wrong but args that it does not know. */
  readonly compilable: boolean;
}

/** Checks a node's args. A rule's schema is compiled once. */
export function checkArgs(rule: Rule, args: unknown): CheckedArgs {
  let validate = validators.get(rule);
  if (validate === undefined) {
    // The contract of rules (test/rules) sees that the schemas are good ones: to look at that here takes most of the time of the first check.
    ajv ??= createValidator({ allErrors: true, allowUnionTypes: true, validateSchema: false, meta: false });
    validate = ajv.compile(argsSchema(rule));
    validators.set(rule, validate);
  }
  const errors = validate(args) ? [] : (validate.errors ?? []);
  return {
    problems: errors.map((error) => problemOf(error, rule)),
    compilable: errors.every((error) => error.keyword === UNKNOWN_ARG),
  };
}

/** Null as a missing edge: some clients write all edges, those they do not have as null. */
const EDGE = { type: ['string', 'null'], description: 'name of the next node; without it the answer is 403' } as const;

/** Edges for requests that a node does not let through: it has an answer of its own for them. */
const TURNED_AWAY: ReadonlySet<string> = new Set(['denied', 'forbidden', 'limited', 'invalid', 'failed', 'too_large']);
const OTHER_EDGE = { ...EDGE, description: 'name of the next node; without it the node answers by itself' } as const;

/** The keyword by which a schema refuses a property. */
const UNKNOWN_ARG = 'additionalProperties';

let ajv: Ajv2020 | null = null;
const validators = new WeakMap<Rule, ValidateFunction>();

function problemOf(error: ErrorObject, rule: Rule): Problem {
  const at = error.instancePath;
  if (error.keyword !== UNKNOWN_ARG) return { at, msg: error.message ?? 'is not allowed' };
  // `params` is typed as any object; for this keyword it has this one key.
  const { additionalProperty: name } = error.params as { additionalProperty: string };
  const known = Object.keys(propertiesOf(argsSchema(rule)));
  const meant = nearest(name, known);
  const hint = meant === null ? '' : `: is ${JSON.stringify(meant)} meant?`;
  return {
    at: at + pointerStep(name),
    msg: at === '' ? `is not an arg of ${rule.type}; it takes ${known.join(', ')}${hint}` : 'is not known here',
  };
}

function propertiesOf(schema: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  const { properties } = schema;
  return typeof properties === 'object' && properties !== null ? { ...properties } : {};
}
