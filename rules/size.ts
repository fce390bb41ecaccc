import { defineMatcher } from '../lib/routing/matcher.ts';

interface Args {
  readonly min?: number;
  readonly max?: number;
}

/**
 * Asks for the length of the body, as the request's head announces it. A request without a body has length 0; one whose body comes in
 * chunks does not say its length, and fits nothing.
 *
 *     {"type": "size", "args": {"max": 1048576, "succ": "small", "fail": "large"}}
 */
export const size = defineMatcher<Args>({
  type: 'size',
  summary: 'Goes by the length of the body.',
  args: {
    properties: {
      min: { type: 'integer', minimum: 0, description: 'bytes it has at least' },
      max: { type: 'integer', minimum: 0, description: 'bytes it has at most' },
    },
    additionalProperties: false,
  },
  test({ min = 0, max = Infinity }, { problem }) {
    if (min === 0 && max === Infinity) problem('', 'needs min or max');
    else if (min > max) problem('/min', `is above max, which is ${max}`);
    return (request) => {
      if (request.field('transfer-encoding') !== null) return false;
      const length = Number(request.field('content-length') ?? 0);
      return length >= min && length <= max;
    };
  },
});
