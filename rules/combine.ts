import { pointerStep } from '../lib/core/problem.ts';
import { checkArgs } from '../lib/routing/args-schema.ts';
import type { Test, TestContext } from '../lib/routing/rule.ts';

/** A question written inside of another: an object with one key, the type of a two-way rule, and its args as the value. */
export type Question = Readonly<Record<string, Readonly<Record<string, unknown>>>>;

/** Schema of a `Question`. */
export const QUESTION = {
  type: 'object',
  minProperties: 1,
  maxProperties: 1,
  additionalProperties: { type: 'object' },
} as const;

/** Schema of the args of a rule that asks several questions. */
export const QUESTIONS = {
  properties: {
    of: {
      type: 'array',
      items: QUESTION,
      minItems: 1,
      description: 'questions such as `{"method": {"exact": "GET"}}`',
    },
  },
  required: ['of'],
  additionalProperties: false,
} as const;

/** Args of a rule that asks several questions. */
export interface QuestionsArgs {
  readonly of: readonly Question[];
}

export function questionTests({ of }: QuestionsArgs, context: TestContext): readonly Test[] {
  return of.map((question, i) => questionTest(question, `/of/${i}`, context));
}

/** The test of a question that stands at `at` in the args, made once. */
export function questionTest(question: Question, at: string, { rules, depth, problem }: TestContext): Test {
  const [[type, args] = ['', {}]] = Object.entries(question);
  const below = `${at}${pointerStep(type)}`;
  const rule = rules.get(type);
  if (rule?.test === undefined) {
    const askable = [...rules.values()].filter(({ test }) => test !== undefined).map((one) => one.type);
    problem(below, `is not a question: there are ${askable.join(', ')}`);
    return () => false;
  }
  for (const edge of rule.edges) {
    if (Object.hasOwn(args, edge))
      problem(`${below}${pointerStep(edge)}`, 'leads nowhere: questions inside of others have no edges');
  }
  if (depth === MAX_DEPTH) {
    problem(below, `stands inside of more than ${MAX_DEPTH} others`);
    return () => false;
  }
  const { problems, compilable } = checkArgs(rule, args);
  for (const one of problems) problem(below + one.at, one.msg);
  if (!compilable) return () => false;
  return rule.test(args, { rules, depth: depth + 1, problem: (where, msg) => problem(below + where, msg) });
}

/** Bounds what a walk needs of the stack. */
const MAX_DEPTH = 32;
