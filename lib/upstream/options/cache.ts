import { countOption } from './number.ts';
import { defineSection, type ReportProblem } from './section.ts';
import { statusesOption, statusSet } from './status.ts';
import { milliseconds, timeOption } from './time.ts';

export interface CacheOptions {
  /** How long a reply is fresh that does not say so. */
  readonly expirationMs: number;
  /** Largest body that is kept. */
  readonly maxEntryBytes: number;
  /** Of all that is kept, heads and keys included, per worker. */
  readonly maxBytes: number;
  readonly statuses: ReadonlySet<number>;
  readonly methods: ReadonlySet<string>;
  /** How long a request waits for the reply of another one that asks for the same; 0: it does not. */
  readonly collapseMs: number;
}

interface Document {
  readonly enabled: boolean;
  readonly expiration: string;
  readonly max_entry_bytes: number;
  readonly max_bytes: number;
  readonly statuses: readonly string[];
  readonly methods: readonly string[];
  readonly collapse: string;
}

export const cache = defineSection({
  summary:
    'Replies that are kept in memory, in each worker for itself, and given again instead of asking a server, as RFC 9111 has it for caches that many share. ' +
    'See [Cache of replies](#cache-of-replies).',
  properties: {
    enabled: { type: 'boolean', default: false, description: 'whether replies are kept' },
    expiration: timeOption(
      '10s',
      'how long a reply is fresh that does not say so itself (`s-maxage`, `max-age`, `Expires`); 0s: such ones are not kept',
    ),
    max_entry_bytes: countOption(262_144, 'largest body of a reply that is kept', 1, 268_435_456),
    max_bytes: countOption(
      67_108_864,
      'bytes of all that is kept, in each worker; what was not asked for longest makes room',
      65_536,
      17_179_869_184,
    ),
    statuses: statusesOption(
      ['200', '203', '300', '301', '308', '404', '410'],
      'statuses of the replies that are kept',
    ),
    methods: {
      type: 'array',
      title: 'a list of `GET` and `HEAD`',
      items: { enum: ['GET', 'HEAD'] },
      minItems: 1,
      uniqueItems: true,
      default: ['GET', 'HEAD'],
      description: 'methods of the requests whose replies are kept; a kept reply to GET answers HEAD, too',
    },
    collapse: timeOption(
      '5s',
      'how long requests wait for one that asks for the same at this moment, so that a server is asked once; 0s: each asks by itself',
    ),
  },
  read(document: Document, problem: ReportProblem): CacheOptions | null {
    if (document.max_entry_bytes > document.max_bytes / 4)
      problem('/max_entry_bytes', 'is more than a quarter of max_bytes');
    const statuses = statusSet(document.statuses);
    for (const status of [206, 304])
      if (statuses.has(status)) problem('/statuses', `has ${status}, which is no whole reply`);
    if (document.statuses.some((text) => text.startsWith('1'))) problem('/statuses', 'has 1xx, which are no replies');
    if (!document.enabled) return null;
    return {
      expirationMs: milliseconds(document.expiration),
      maxEntryBytes: document.max_entry_bytes,
      maxBytes: document.max_bytes,
      statuses,
      methods: new Set(document.methods),
      collapseMs: milliseconds(document.collapse),
    };
  },
});
