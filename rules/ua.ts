import { defineMatcher } from '../lib/routing/matcher.ts';
import { compilePattern } from '../lib/routing/pattern.ts';

interface Args {
  readonly pattern: string;
}

/**
 * Searches a regular expression in the User-Agent, without regard to case. The expression is not anchored: `httpie` matches
 * `HTTPie/0.9.9` and `x-httpie`. A request without User-Agent takes `fail`, even where the pattern matches anything.
 *
 *     {"type": "ua", "args": {"pattern": "httpie(\\S+)$", "succ": "tools", "fail": "people"}}
 *
 * Patterns are regular expressions of ECMAScript that run in linear time: no look-around, no back-references, no counted
 * repetition beyond 16. A pattern that asks for more is refused together with its document.
 */
export const ua = defineMatcher<Args>({
  type: 'ua',
  summary: 'Goes by the User-Agent.',
  args: {
    properties: { pattern: { type: 'string', description: 'regular expression; letters match in either case' } },
    required: ['pattern'],
    additionalProperties: false,
  },
  test(args, { problem }) {
    const pattern = compilePattern(args.pattern, { ignoreCase: true });
    if (typeof pattern === 'string') {
      problem('/pattern', pattern);
      return () => false;
    }
    return (request) => {
      const agent = request.field('user-agent');
      return agent !== null && pattern.test(agent.toLowerCase());
    };
  },
});
