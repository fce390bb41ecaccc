import type { Seal } from '../core/seal.ts';
import { checkChallenge, type ChallengeDocument } from '../tls/challenge.ts';
import { notJson } from './documents.ts';
import type { DocumentKind } from './documents.ts';

/** Answers for CAs, which every instance gives while an order is under way. */
export function challenges(seal: Seal): DocumentKind {
  const purposeOf = (name: string): string => `challenges/${name}`;
  return {
    kind: 'challenge',
    check(_name, document) {
      const broken = notJson(document);
      return { problems: broken === null ? checkChallenge(document) : [broken], substitute: null, upstreams: [] };
    },
    change(name, text) {
      // It has passed its check.
      const document = text === null ? null : (JSON.parse(text) as ChallengeDocument);
      const opened =
        document?.type === 'tls-alpn-01' ? { ...document, key: seal.open(document.key, purposeOf(name)) } : document;
      return { kind: 'challenge', name, document: opened === null ? null : JSON.stringify(opened) };
    },
    kept(name, document) {
      // It has passed its check.
      const checked = document as ChallengeDocument;
      if (checked.type !== 'tls-alpn-01') return checked;
      return { ...checked, key: seal.seal(checked.key, purposeOf(name)) };
    },
    normalName: (name) => name,
    upstreams: () => [],
  };
}
