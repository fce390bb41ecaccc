import { defineMatcher } from '../lib/routing/matcher.ts';
import { cookieOf, FIELD_NAME } from '../lib/routing/names.ts';
import { TEXT_PROPERTIES, textTest, type TextArgs } from '../lib/routing/text-test.ts';

interface Args extends TextArgs {
  readonly name: string;
}

/**
 * Asks for the value of a cookie. Where a client sends several of one name, the first counts; quotes around a value do not belong
 * to it.
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
    return (request) => fits(cookieOf(request.field('cookie'), name));
  },
});
