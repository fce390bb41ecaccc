import { defineSection, type ReportProblem } from './section.ts';
import { milliseconds, timeOption } from './time.ts';

const SAME_SITE = ['', 'Lax', 'Strict', 'None'] as const;

export interface StickyOptions {
  /** Name of the cookie; empty: sessions are not kept. */
  readonly cookie: string;
  /** What the cookies are signed with. */
  readonly secret: string;
  /** Name of a cookie of the server's: ours comes with that one only; empty: with any reply. */
  readonly along: string;
  /** What follows the cookie's value: `; Path=/; HttpOnly`. */
  readonly attributes: string;
}

interface Document {
  readonly cookie: string;
  readonly secret: string;
  readonly along: string;
  readonly path: string;
  readonly domain: string;
  readonly secure: boolean;
  readonly http_only: boolean;
  readonly same_site: (typeof SAME_SITE)[number];
  readonly ttl: string;
}

export const sticky = defineSection({
  summary:
    'Sessions: a client that has been at a server comes back to it, by a cookie, as long as the server can be used.',
  properties: {
    cookie: {
      type: 'string',
      pattern: "^[!#$%&'*+.^_`|~0-9A-Za-z-]*$",
      title: 'the name of a cookie',
      default: '',
      description: 'name of the cookie; without one no sessions are kept',
    },
    secret: {
      type: 'string',
      default: '',
      description:
        'signs the cookies; the same in every instance. Without it, who knows the addresses of the servers can tell their cookies',
    },
    along: {
      type: 'string',
      pattern: "^[!#$%&'*+.^_`|~0-9A-Za-z-]*$",
      title: 'the name of a cookie',
      default: '',
      description: 'name of a cookie that servers set: a session begins with a reply that sets it, not with any reply',
    },
    path: attribute('/', 'Path'),
    domain: attribute('', 'Domain'),
    secure: { type: 'boolean', default: false, description: 'attribute `Secure` of the cookie' },
    http_only: { type: 'boolean', default: true, description: 'attribute `HttpOnly` of the cookie' },
    same_site: { enum: SAME_SITE, default: 'Lax', description: 'attribute `SameSite` of the cookie' },
    ttl: timeOption('0s', 'how long a session lasts from its beginning; `0s` until the browser ends'),
  },
  read(document: Document, problem: ReportProblem): StickyOptions {
    const { cookie, secret, along, path, domain, secure, http_only: httpOnly, same_site: sameSite, ttl } = document;
    if (sameSite === 'None' && !secure) problem('/same_site', 'is None, which browsers take with secure only');
    const seconds = Math.ceil(milliseconds(ttl) / 1000);
    const attributes = [
      path === '' ? '' : `; Path=${path}`,
      domain === '' ? '' : `; Domain=${domain}`,
      seconds === 0 ? '' : `; Max-Age=${seconds}`,
      secure ? '; Secure' : '',
      httpOnly ? '; HttpOnly' : '',
      sameSite === '' ? '' : `; SameSite=${sameSite}`,
    ];
    return { cookie, secret, along, attributes: attributes.join('') };
  },
});

function attribute(fallback: string, name: string) {
  const description = `attribute \`${name}\` of the cookie${fallback === '' ? '; none, if empty' : ''}`;
  return {
    type: 'string',
    pattern: '^[!-:<-~]*$',
    title: 'text without spaces and semicolons',
    default: fallback,
    description,
  };
}
