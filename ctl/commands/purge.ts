import { text as anyText } from '../../lib/core/option-kinds.ts';
import { membersOf, number } from '../answer-shape.ts';
import { defineCommand } from '../command.ts';
import { EXIT } from '../exit-codes.ts';
import { Failure } from '../failure.ts';
import { called, optionalRest, several, toggle } from '../inputs.ts';

/** Has kept replies forgotten. */
export const purge = defineCommand({
  name: 'purge',
  summary: 'Forget replies that are kept in memory',
  description: `Forgets what the workers of the instance keep of URLs, as servers are asked for them, or of upstreams (their option \`cache\`). A URL that ends with * stands
for all that begin so. Other instances are asked one by one.`,
  positionals: { urls: optionalRest('URL', 'what is to be forgotten: `https://a.test/x`, `https://a.test/img/*`') },
  flags: {
    upstream: several(called('NAME', anyText), 'all that is kept of this upstream', { completes: 'upstream' }),
    all: toggle('everything that is kept'),
  },
  examples: [
    { line: "elbctl purge 'https://shop.example.com/img/*'", does: 'all below a path' },
    { line: 'elbctl purge --upstream shop', does: 'all that is kept of an upstream' },
  ],
  async run({ screen, api }, { urls }, { upstream, all }) {
    if (urls.length + upstream.length === 0 && !all)
      throw new Failure(EXIT.usage, 'nothing is said to be forgotten', { next: 'name a URL, --upstream or --all' });
    const query = { url: urls, upstream, all };
    const { body } = await (await api()).call({ method: 'DELETE', resource: 'cache', query });
    const forgotten = number(membersOf(body, 'cache'), 'forgotten') ?? 0;
    screen.show(body, () => `${String(forgotten)} ${forgotten === 1 ? 'reply was' : 'replies were'} forgotten\n`);
    return EXIT.ok;
  },
});
