import { readOptions } from '../upstream/options/index.ts';
import { isUpstreamName } from '../upstream/upstream-name.ts';
import { notJson } from './documents.ts';
import type { DocumentKind } from './documents.ts';

/** Options of upstreams; those of an upstream without a good document are the defaults. */
export const upstreamOptions: DocumentKind = {
  kind: 'options',
  check(name, document) {
    const broken = notJson(document);
    const problems = broken === null ? [...readOptions(document).problems] : [broken];
    if (!isUpstreamName(name)) problems.unshift({ at: '', msg: 'is not the name of an upstream or of a server' });
    return { problems, substitute: null, upstreams: [] };
  },
  change: (name, text) => ({ kind: 'options', name, document: text }),
  normalName: (name) => name,
  upstreams: () => [],
};
