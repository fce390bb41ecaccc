import type { Target } from '../http/target.ts';
import type { Answer } from '../routing/plan.ts';
import type { Challenges } from '../tls/challenges.ts';
import { ACME_PATH } from './tls-rules.ts';

/** What answers a CA that asks whether a host is ours (RFC 8555 8.3), on every host and before any rule; null: nobody does. */
export function challengeAnswer(challenges: Challenges, { path }: Target): Answer | null {
  if (challenges.size === 0 || !path.startsWith(ACME_PATH)) return null;
  const body = challenges.answerTo(path.slice(ACME_PATH.length));
  return body === null ? null : { status: 200, lines: 'Content-Type: application/octet-stream\r\n', body };
}
