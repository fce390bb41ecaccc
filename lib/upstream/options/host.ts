import { defineSection } from './section.ts';

/** What the Host field of a request says to a server. */
export type HostOptions =
  { readonly kind: 'client' | 'server' | 'named' } | { readonly kind: 'fixed'; readonly name: string };

interface Document {
  readonly from: 'client' | 'server' | 'named' | 'fixed';
  readonly name: string | null;
}

/** The Host field that servers get. */
export const host = defineSection({
  summary:
    "The Host field that servers get; what a graph sets itself comes first. X-Forwarded-Host is the client's whatever is said here.",
  properties: {
    from: {
      enum: ['client', 'server', 'named', 'fixed'],
      default: 'client',
      description:
        "the client's as it is, the server's name as its document has it, that of servers that have one and else the client's " +
        '(`named`), or `name`',
    },
    name: {
      type: ['string', 'null'],
      title: 'a host, with or without a port, or null',
      pattern: '^(\\[[0-9a-fA-F:.]+\\]|[A-Za-z0-9._-]{1,253})(:[0-9]{1,5})?$',
      default: null,
      description: 'Host for `fixed`',
    },
  },
  read({ from, name }: Document, problem): HostOptions {
    if (from !== 'fixed') {
      if (name !== null) problem('/name', `is of no use with ${from}`);
      return { kind: from };
    }
    if (name === null) problem('/name', 'is missing');
    return { kind: 'fixed', name: name ?? '' };
  },
});
