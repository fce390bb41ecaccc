import { oneOf } from '../lib/core/option-kinds.ts';
import { isMembers } from './answer-shape.ts';
import { called } from './inputs.ts';

/** Kinds of documents, as commands name them: resources of the admin API. */
export const KINDS = ['domain', 'graph', 'upstream', 'option', 'tls', 'cert'] as const;
export type Kind = (typeof KINDS)[number];

/** Names of a kind in the plural are understood, too. */
export const kindName = called<Kind>('KIND', {
  ...oneOf(KINDS),
  parse: (text) => oneOf(KINDS).parse(/^(?:domain|graph|upstream|option|cert)s$/.test(text) ? text.slice(0, -1) : text),
});

/** Sections that hold them. */
export const SECTION_OF: Readonly<Record<Kind, string>> = {
  domain: 'domains',
  graph: 'graphs',
  upstream: 'upstreams',
  option: 'options',
  tls: 'tls',
  cert: 'certs',
};

/** Whether documents of a kind are graphs. */
export function isGraphKind(kind: Kind): kind is 'domain' | 'graph' {
  return kind === 'domain' || kind === 'graph';
}

/** Whether a value looks like a domain's graph. */
export function isGraph(value: unknown): boolean {
  return isMembers(value) && 'init' in value && 'rules' in value;
}
