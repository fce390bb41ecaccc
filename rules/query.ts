import { defineMatcher } from '../lib/routing/matcher.ts';
import { queryValues } from '../lib/routing/names.ts';
import { TEXT_PROPERTIES, textTest, type TextArgs } from '../lib/routing/text-test.ts';

interface Args extends TextArgs {
  readonly name: string;
}

/**
 * Asks for a parameter of the query, decoded as a form is: `+` and `%20` are a space. Where it occurs several times, one value that
 * fits is enough.
 *
 *     {"type": "query", "args": {"name": "version", "in": ["2", "3"], "succ": "new", "fail": "old"}}
 */
export const query = defineMatcher<Args>({
  type: 'query',
  summary: 'Goes by a parameter of the query.',
  args: {
    properties: {
      name: { type: 'string', minLength: 1, description: 'name of the parameter, decoded' },
      ...TEXT_PROPERTIES,
    },
    required: ['name'],
    additionalProperties: false,
  },
  test({ name, ...value }, { problem }) {
    const fits = textTest(value, problem);
    return (request) => {
      const values = queryValues(request.query, name);
      return values.length === 0 ? fits(null) : values.some(fits);
    };
  },
});
