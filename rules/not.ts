import { defineMatcher } from '../lib/routing/matcher.ts';
import { QUESTION, questionTest, type Question } from './combine.ts';

interface Args {
  readonly of: Question;
}

/**
 * Asks a question that must not fit. By itself it swaps two edges; it is there to stand inside of `all` and `any`.
 *
 *     {"type": "not", "args": {"of": {"header": {"name": "User-Agent", "contains": "bot", "ignore_case": true}}, "succ": "people"}}
 */
export const not = defineMatcher<Args>({
  type: 'not',
  summary: 'Goes by a question that must not fit.',
  args: {
    properties: { of: { ...QUESTION, description: 'a question such as `{"method": {"exact": "GET"}}`' } },
    required: ['of'],
    additionalProperties: false,
  },
  test({ of }, context) {
    const fits = questionTest(of, '/of', context);
    return (request) => !fits(request);
  },
});
