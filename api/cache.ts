import { Refusal, text, type OptionKind } from '../lib/core/option-kinds.ts';
import { flag, repeated } from './parameters.ts';
import { defineMethod, defineResource, refuse } from './resource.ts';

const url: OptionKind<string> = {
  placeholder: 'URL',
  list: false,
  parse: (value) =>
    /^https?:\/\/[^/?#\s]+(?:[/?][^#\s]*)?$/i.test(value)
      ? value
      : new Refusal('a URL such as http://a.test/x, perhaps with * at its end'),
};

const parameters = {
  url: repeated(
    url,
    'what is kept of this URL, or with `*` at its end of all that begin so; may be given more than once',
  ),
  upstream: repeated(text, 'what is kept of this upstream; may be given more than once'),
  all: flag('everything'),
};

/**
 * Forgets replies that are kept in memory (`cache` of an upstream), in all workers of this instance: those of URLs, as servers are asked
 * for them, of upstreams, or all. Replies that are on their way at this moment are not kept either. Answers how many there were; one
 * that is kept by several workers counts for each.
 *
 *     DELETE ?url=https://a.test/img/*&url=https://a.test/ -> {"msg": "OK", "forgotten": 12}
 */
export const cache = defineResource({
  name: 'cache',
  methods: {
    DELETE: defineMethod({
      takesBody: false,
      parameters,
      async handle({ query: { url: urls, upstream: upstreams, all }, workers }) {
        if (!all && urls.length + upstreams.length === 0)
          return refuse('bad parameters', [{ at: '?url', msg: 'url, upstream or all must be given' }]);
        const answers = await workers.query({ kind: 'forget', urls: all ? null : urls, upstreams }, 'all');
        const forgotten = answers.reduce((sum, answer) => sum + answer.forgotten, 0);
        return { status: 200, body: { msg: 'OK', forgotten } };
      },
    }),
  },
});
