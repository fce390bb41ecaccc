import { defineMatcher } from '../lib/routing/matcher.ts';
import { QUESTION, questionTest, type Question } from './combine.ts';

interface Args {
  readonly of: readonly Question[];
}

/**
 * Asks several questions; one that fits is enough. They are asked in order, until one does. See `all` for how questions are written.
 *
 *     {"type": "any", "args": {"of": [{"cookie": {"name": "beta", "present": true}}, {"query": {"name": "beta", "present": true}}],
 *                              "succ": "beta", "fail": "stable"}}
 */
export const any = defineMatcher<Args>({
  type: 'any',
  summary: 'Goes by several questions of which one has to fit.',
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
    return (request) => tests.some((fits) => fits(request));
  },
});
