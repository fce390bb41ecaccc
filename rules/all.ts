import { defineMatcher } from '../lib/routing/matcher.ts';
import { QUESTION, questionTest, type Question } from './combine.ts';

interface Args {
  readonly of: readonly Question[];
}

/**
 * Asks several questions; all have to fit. They are asked in order, until one does not. A question is an object with the type of a
 * two-way rule as its one key, and the args of that rule without edges; `all`, `any` and `not` may stand inside of each other.
 *
 *     {"type": "all", "args": {"of": [{"method": {"exact": "POST"}}, {"not": {"of": {"ip": {"networks": ["10.0.0.0/8"]}}}}],
 *                              "succ": "refused", "fail": "web"}}
 */
export const all = defineMatcher<Args>({
  type: 'all',
  summary: 'Goes by several questions that all have to fit.',
  args: {
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
  },
  test({ of }, context) {
    const tests = of.map((question, i) => questionTest(question, `/of/${i}`, context));
    return (request) => tests.every((fits) => fits(request));
  },
});
