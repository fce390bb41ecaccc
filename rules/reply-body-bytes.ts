import type { Plan } from '../lib/routing/plan.ts';

/** Schema of the arg that bounds the body of a reply which is waited for. */
export const MAX_REPLY = {
  type: 'integer',
  minimum: 1,
  maximum: 1_048_576,
  default: 10_240,
  description: 'largest body of a reply that is waited for as a value, in bytes',
} as const;

export interface MaxReplyArgs {
  readonly max_reply?: number;
}

/** Has the server send a body that can be read; `isNeeded`: some text has a place for it. Answers how many bytes of it are waited for. */
export function replyBodyBytes(isNeeded: boolean, { max_reply: bytes = MAX_REPLY.default }: MaxReplyArgs): number {
  return isNeeded ? bytes : 0;
}

/** What is compressed cannot be read. */
export function readable(plan: Plan): void {
  plan.drop(ACCEPT_ENCODING);
}

const ACCEPT_ENCODING = ['accept-encoding'];
