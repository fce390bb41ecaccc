import { defineMatcher } from '../lib/routing/matcher.ts';
import { QUESTIONS, questionTests, type QuestionsArgs } from './combine.ts';

/**
 * Asks several questions; all have to fit. They are asked in order, until one does not. A question is an object with the type of a
 * two-way rule as its one key, and the args of that rule without edges; `all`, `any` and `not` may stand inside of each other.
 *
 *     {"type": "all", "args": {"of": [{"method": {"exact": "POST"}}, {"not": {"of": {"ip": {"networks": ["10.0.0.0/8"]}}}}],
 *                              "succ": "refused", "fail": "web"}}
 */
export const all = defineMatcher<QuestionsArgs>({
  type: 'all',
  summary: 'Goes by several questions that all have to fit.',
  args: QUESTIONS,
  test(args, context) {
    const tests = questionTests(args, context);
    return (request) => tests.every((fits) => fits(request));
  },
});
