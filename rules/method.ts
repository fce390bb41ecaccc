import { defineMatcher } from '../lib/routing/matcher.ts';
import { TEXT_PROPERTIES, textTest, type TextArgs } from '../lib/routing/text-test.ts';

/**
 * Asks for the method, which is case-sensitive (RFC 9110 9.1).
 *
 *     {"type": "method", "args": {"in": ["GET", "HEAD"], "succ": "readers", "fail": "writers"}}
 */
export const method = defineMatcher<TextArgs>({
  type: 'method',
  summary: 'Goes by the method.',
  args: { properties: TEXT_PROPERTIES, additionalProperties: false },
  test(args, { problem }) {
    const fits = textTest(args, problem);
    return (request) => fits(request.method);
  },
});
