import { defineMatcher } from '../lib/routing/matcher.ts';
import { TEXT_PROPERTIES, textTest, type TextArgs } from '../lib/routing/text-test.ts';

interface Args extends TextArgs {
  readonly wildcard?: string;
}

/**
 * Asks for the host, which is in lower case, without port and trailing dot: for domains whose name is a wildcard, and for graphs that
 * serve several.
 *
 *     {"type": "host", "args": {"wildcard": "*.eu.shop.test", "succ": "europe", "fail": "world"}}
 *
 * A wildcard's star stands for one or more labels: `*.shop.test` is `a.shop.test` and `a.b.shop.test`, not `shop.test`.
 */
export const host = defineMatcher<Args>({
  type: 'host',
  summary: 'Goes by the host.',
  args: {
    properties: {
      wildcard: { type: 'string', pattern: '^\\*\\.[^*]+$', description: 'the host is below this: `*.shop.test`' },
      ...TEXT_PROPERTIES,
    },
    additionalProperties: false,
  },
  test({ wildcard, ...value }, { problem }) {
    if (wildcard !== undefined && value.suffix !== undefined) problem('', 'needs wildcard or suffix, not both');
    // Hosts have no case; what is compared with them is folded once.
    const asked = { ...value, ...(wildcard !== undefined && { suffix: wildcard.slice(1) }), ignore_case: true };
    const fits = textTest(asked, problem);
    return (request) => fits(request.host);
  },
});
