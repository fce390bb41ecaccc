import { normalDomainName, checkDomainName } from '../routing/domain-name.ts';
import { readDomainRules } from '../tls/domain-rules.ts';
import { notJson } from './documents.ts';
import type { DocumentKind } from './documents.ts';

/** What domains want of TLS; a domain without a good document wants nothing. */
export const domainTls: DocumentKind = {
  kind: 'tls',
  check(name, document) {
    const broken = notJson(document);
    const problems = broken === null ? [...readDomainRules(name, document).problems] : [broken];
    const badName = checkDomainName(name) ?? (/:\d+$/.test(name) ? 'has a port: TLS knows none' : null);
    if (badName !== null) problems.unshift({ at: '', msg: `name ${badName}` });
    return { problems, substitute: null, upstreams: [] };
  },
  change: (name, text) => ({ kind: 'tls', name, document: text }),
  normalName: normalDomainName,
  upstreams: () => [],
};
