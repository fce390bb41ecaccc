import { defineMatcher } from '../lib/routing/matcher.ts';
import { FIELD_NAME } from '../lib/routing/names.ts';
import { TEXT_PROPERTIES, textTest, type TextArgs } from '../lib/routing/text-test.ts';

interface Args extends TextArgs {
  readonly name: string;
}

/**
 * Asks for the value of a request field. A field that occurs several times is one value, its parts joined by comma and space
 * (RFC 9110 5.3). A field that is there and empty is present.
 *
 *     {"type": "header", "args": {"name": "X-Beta", "exact": "1", "succ": "beta", "fail": "stable"}}
 *     {"type": "header", "args": {"name": "Authorization", "present": true, "succ": "members", "fail": "guests"}}
 */
export const header = defineMatcher<Args>({
  type: 'header',
  summary: 'Goes by a request field.',
  args: {
    properties: {
      name: { type: 'string', pattern: FIELD_NAME, description: 'name of the field, in any case' },
      ...TEXT_PROPERTIES,
    },
    required: ['name'],
    additionalProperties: false,
  },
  test({ name, ...value }, { problem }) {
    const lowerName = name.toLowerCase();
    const fits = textTest(value, problem);
    return (request) => fits(request.field(lowerName));
  },
});
