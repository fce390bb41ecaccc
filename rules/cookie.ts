import { defineMatcher } from '../lib/routing/matcher.ts';
import { FIELD_NAME } from '../lib/routing/names.ts';
import { TEXT_PROPERTIES, textTest, type TextArgs } from '../lib/routing/text-test.ts';
import { cookieOf } from './request-value.ts';

interface Args extends TextArgs {
  readonly name: string;
}

/**
 * Asks for the value of a cookie. Where a client sends several of one name, the first counts; quotes around a value belong to it
 * (RFC 6265 4.1.1).
 *
 *     {"type": "cookie", "args": {"name": "canary", "exact": "always", "succ": "new", "fail": "old"}}
 */
export const cookie = defineMatcher<Args>({
  type: 'cookie',
  summary: 'Goes by a cookie.',
  args: {
    properties: {
      name: { type: 'string', pattern: FIELD_NAME, description: 'name of the cookie' },
      ...TEXT_PROPERTIES,
    },
    required: ['name'],
    additionalProperties: false,
  },
  test({ name, ...value }, { problem }) {
    const fits = textTest(value, problem);
    return (request) => fits(cookieOf(request, name));
  },
});
