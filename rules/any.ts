import { defineMatcher } from '../lib/routing/matcher.ts';
import { QUESTIONS, questionTests, type QuestionsArgs } from './combine.ts';

/**
 * Asks several questions; one that fits is enough. They are asked in order, until one does. See `all` for how questions are written.
 *
 *     {"type": "any", "args": {"of": [{"cookie": {"name": "beta", "present": true}}, {"query": {"name": "beta", "present": true}}],
 *                              "succ": "beta", "fail": "stable"}}
 */
export const any = defineMatcher<QuestionsArgs>({
  type: 'any',
  summary: 'Goes by several questions of which one has to fit.',
  args: QUESTIONS,
  test(args, context) {
    const tests = questionTests(args, context);
    return (request) => tests.some((fits) => fits(request));
  },
});
