import { countOption } from './number.ts';
import { defineSection, type ReportProblem } from './section.ts';

/** Codings that replies can be compressed in (RFC 9110 8.4.1, RFC 7932, RFC 8878). */
export const CODINGS = ['zstd', 'br', 'gzip'] as const;
export type Coding = (typeof CODINGS)[number];

export interface CompressionOptions {
  /** What is offered; of those that a client likes the same, the first. */
  readonly codings: readonly Coding[];
  /** Media types in lower case; with `*` for a subtype: all of a type. */
  readonly types: ReadonlySet<string>;
  /** Shorter replies are left as they are. */
  readonly minLength: number;
  readonly levels: Readonly<Record<Coding, number>>;
  /** Most replies at once, per worker. */
  readonly maxAtOnce: number;
  /** Servers are not told what codings the client accepts. */
  readonly offload: boolean;
}

interface Document {
  readonly enabled: boolean;
  readonly codings: readonly Coding[];
  readonly types: readonly string[];
  readonly min_length: number;
  readonly gzip_level: number;
  readonly br_level: number;
  readonly zstd_level: number;
  readonly max_at_once: number;
  readonly offload: boolean;
}

export const compression = defineSection({
  summary:
    'Compression of replies on their way to clients that accept it (`Accept-Encoding`). What is compressed already, forbids it (`Cache-Control: no-transform`), ' +
    'is a part (206), gRPC, or has no body goes as it is. See [Compression](#compression-of-replies).',
  properties: {
    enabled: { type: 'boolean', default: false, description: 'whether replies are compressed' },
    codings: {
      type: 'array',
      title: 'a list of `zstd`, `br`, `gzip`',
      items: { enum: CODINGS },
      minItems: 1,
      uniqueItems: true,
      default: CODINGS,
      description: 'what is offered; of those that a client likes the same, the first',
    },
    types: {
      type: 'array',
      title: 'a list of media types such as text/html, text/* and *',
      items: {
        type: 'string',
        pattern: '^(\\*|[A-Za-z0-9!#$&^_.+-]+/(\\*|[A-Za-z0-9!#$&^_.+-]+))$',
        title: 'a media type such as text/html, text/* or *',
      },
      default: [
        'text/*',
        'application/json',
        'application/ld+json',
        'application/manifest+json',
        'application/problem+json',
        'application/javascript',
        'application/xml',
        'application/xhtml+xml',
        'application/rss+xml',
        'application/atom+xml',
        'application/wasm',
        'application/vnd.ms-fontobject',
        'font/otf',
        'font/ttf',
        'image/svg+xml',
        'image/bmp',
        'image/x-icon',
      ],
      description: 'types of the replies that are compressed',
    },
    min_length: countOption(1024, 'shorter replies go as they are, where their length is known', 1, 1_073_741_824),
    gzip_level: countOption(5, 'of gzip: 1 is fastest, 9 is smallest', 1, 9),
    br_level: countOption(4, 'of br: 0 is fastest, 11 is smallest and of no use here', 0, 11),
    zstd_level: countOption(3, 'of zstd: 1 is fastest, 19 is smallest', 1, 19),
    max_at_once: countOption(
      256,
      'most replies that each worker compresses at once, which bounds memory; others go as they are',
    ),
    offload: {
      type: 'boolean',
      default: false,
      description: 'whether `Accept-Encoding` is kept from the servers, so that they leave the work to ELB',
    },
  },
  read(document: Document, problem: ReportProblem): CompressionOptions | null {
    if (!document.enabled) {
      if (document.offload) problem('/offload', 'is of no use unless enabled');
      return null;
    }
    return {
      codings: document.codings,
      types: new Set(document.types.map((type) => type.toLowerCase())),
      minLength: document.min_length,
      levels: { gzip: document.gzip_level, br: document.br_level, zstd: document.zstd_level },
      maxAtOnce: document.max_at_once,
      offload: document.offload,
    };
  },
});
