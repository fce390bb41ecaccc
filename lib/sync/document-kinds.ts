import type { DocumentName } from '../control.ts';
import type { Rule } from '../routing/rule.ts';
import type { DocumentKind } from './documents.ts';
import { domains } from './domains.ts';
import { upstreamOptions } from './upstream-options.ts';

export type DocumentKinds = ReadonlyMap<DocumentName, DocumentKind>;

/** Every kind of document that is one key of the store each. */
export function documentKinds(rules: ReadonlyMap<string, Rule>): DocumentKinds {
  return new Map([domains(rules), upstreamOptions].map((kind) => [kind.kind, kind]));
}
