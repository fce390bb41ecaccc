import { defineSection, type ReportProblem } from './section.ts';
import { milliseconds, timeOption } from './time.ts';

/** How a server is chosen among those that can be used. */
export const ALGORITHMS = [
  'round-robin',
  'random',
  'weighted-random',
  'least-conn',
  'least-bandwidth',
  'p2c',
  'ip-hash',
  'hash',
] as const;
export type Algorithm = (typeof ALGORITHMS)[number];

/** What a request is hashed on. */
const HASH_ON = ['address', 'header', 'cookie', 'query', 'path', 'uri', 'host'] as const;
/** What stands in for a value that a request does not have. */
const MISSING = ['address', 'any', 'empty'] as const;

export interface HashOptions {
  readonly on: (typeof HASH_ON)[number];
  /** Of a field (in lower case), a cookie or a parameter of the query. */
  readonly name: string;
  readonly missing: (typeof MISSING)[number];
  /** Percent of the average; 0: unbounded. */
  readonly bound: number;
}

export interface BalanceOptions {
  readonly algorithm: Algorithm;
  readonly hash: HashOptions;
  /** Only servers that have one of these; none: all. */
  readonly tags: readonly string[];
  /** What a request gets that asks for a tag which no usable server has: any server, rather than none. */
  readonly anyTag: boolean;
  /** 0: none. */
  readonly slowStartMs: number;
  /** Exponent of the growth, upside down: 1 is a straight line. */
  readonly slowStartAggression: number;
  /** Share at its beginning, from 0 to 1. */
  readonly slowStartLeast: number;
}

interface Document {
  readonly algorithm: Algorithm;
  readonly hash: HashOptions;
  readonly tags: readonly string[];
  readonly any_tag: boolean;
  readonly slow_start: string;
  readonly slow_start_aggression: number;
  readonly slow_start_least: number;
}

export const balance = defineSection({
  summary: 'How a server is chosen.',
  properties: {
    algorithm: {
      enum: ALGORITHMS,
      default: 'round-robin',
      description: 'how a server is chosen among those that can be used',
    },
    hash: {
      type: 'object',
      description: 'for the algorithms that choose by hash',
      default: {},
      additionalProperties: false,
      properties: {
        on: {
          enum: HASH_ON,
          default: 'address',
          description:
            'what requests have in common that belong to one server; `address` is that of the client, `uri` is the path with its query',
        },
        name: { type: 'string', default: '', description: 'which header, cookie or parameter of the query' },
        missing: {
          enum: MISSING,
          default: 'address',
          description:
            'what stands in where a request has no such value: the client’s address, any value (the request goes anywhere), or the empty one (all those go to one server)',
        },
        bound: {
          type: 'integer',
          minimum: 0,
          maximum: 10_000,
          default: 0,
          description:
            'percent of the average number of exchanges in flight that a server may have before the next one is used, such as 125; 0 for any number',
        },
      },
    },
    tags: {
      type: 'array',
      items: { type: 'string', minLength: 1 },
      default: [],
      description: 'only servers that have one of these tags',
    },
    any_tag: {
      type: 'boolean',
      default: false,
      description:
        'whether a request for a tag (`servername: web#canary`) goes to any server where none that can be used has it',
    },
    slow_start: timeOption('0s', 'how long the share of a server that has come, or come back, grows to its full size'),
    slow_start_aggression: {
      type: 'number',
      exclusiveMinimum: 0,
      maximum: 100,
      default: 1,
      description: 'how it grows: with time to the power of 1 / this; 1 is a straight line, more is faster at first',
    },
    slow_start_least: {
      type: 'number',
      minimum: 0,
      maximum: 1,
      default: 0.1,
      description: 'the part of its share that a server begins with',
    },
  },
  read(document: Document, problem: ReportProblem): BalanceOptions {
    const { algorithm, hash, tags } = document;
    // The address is what the algorithm says; anything else would contradict it.
    if (algorithm === 'ip-hash' && hash.on !== 'address')
      problem('/hash/on', 'ip-hash is by address; hash is by anything');
    const named = hash.on === 'header' || hash.on === 'cookie' || hash.on === 'query';
    if (named && hash.name === '') problem('/hash/name', `is missing: which ${hash.on}?`);
    if (!named && hash.name !== '') problem('/hash/name', `is of no use: ${hash.on} has no name`);
    if (hash.bound > 0 && hash.bound < 100)
      problem('/hash/bound', 'is below 100 percent: not every exchange would find a server');
    return {
      algorithm,
      hash: { ...hash, name: hash.on === 'header' ? hash.name.toLowerCase() : hash.name },
      tags,
      anyTag: document.any_tag,
      slowStartMs: milliseconds(document.slow_start),
      slowStartAggression: document.slow_start_aggression,
      slowStartLeast: document.slow_start_least,
    };
  },
});
