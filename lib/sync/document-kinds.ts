import type { DocumentName } from '../control.ts';
import type { Seal } from '../core/seal.ts';
import type { GraphRules } from '../routing/compile.ts';
import { certificates } from './certificates.ts';
import { challenges } from './challenges.ts';
import type { DocumentKind } from './documents.ts';
import { domainTls } from './domain-tls.ts';
import { domains } from './domains.ts';
import { sharedGraphs } from './graphs.ts';
import { upstreamOptions } from './upstream-options.ts';

export type DocumentKinds = ReadonlyMap<DocumentName, DocumentKind>;

/** Every kind of document that is one key of the store each. */
export function documentKinds(graphs: GraphRules, seal: Seal, now: () => number): DocumentKinds {
  return new Map(
    [domains(graphs), sharedGraphs(graphs), upstreamOptions, certificates(seal, now), domainTls, challenges(seal)].map(
      (kind) => [kind.kind, kind],
    ),
  );
}
