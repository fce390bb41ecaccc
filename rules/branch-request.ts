import type { Plan } from '../lib/routing/plan.ts';
import type { RoutedRequest } from '../lib/routing/rule.ts';
import { FIELD_NAME } from '../lib/routing/names.ts';

/** Args of a request that goes on by itself, beside the one that waits for its reply. */
export interface BranchArgs {
  readonly method?: string;
  /** Whether it gets the body. */
  readonly body?: boolean;
}

/** Schemas of what nodes that make such requests have in common. A method is a token as a field name is (RFC 9110 9.1). */
export const METHOD_PROPERTY = {
  type: 'string',
  pattern: FIELD_NAME,
  description: "method instead of the request's",
} as const;

export const MAX_BODY_PROPERTY = {
  type: 'integer',
  minimum: 0,
  maximum: 16_777_216,
  default: 65_536,
  description: 'largest body of a request, in bytes',
} as const;

/**
 * The plan of a request of its own, which says what that of the other says so far but for what is to become of the client's reply. Its reply is
 * read as a text, so it is not to be compressed. `sent`: the body of the request that waits.
 */
export function branchPlan(
  request: RoutedRequest,
  plan: Plan,
  { method, body = false }: BranchArgs,
  sent: Buffer,
): Plan {
  const own = plan.copy();
  own.method = method ?? (body && request.method !== 'HEAD' ? null : withoutBody(request));
  own.body = body ? sent : NO_BODY;
  own.replyBody = null;
  own.replyEdit = null;
  own.drop(ACCEPT_ENCODING);
  // Whoever writes may have a condition for that; what is read is read whole.
  if (READS.has(own.method ?? request.method)) own.drop(CONDITIONS);
  return own;
}

/** The body for such requests if one of them gets it; a number is a code of `Fault`. An explanation waits for none. */
export function branchBody(
  request: RoutedRequest,
  plan: Plan,
  isWanted: boolean,
  maxBytes: number = MAX_BODY_PROPERTY.default,
): Promise<Buffer | number> {
  return isWanted && !plan.isObserved ? request.body(maxBytes) : Promise.resolve(NO_BODY);
}

/** A request that has lost its body is no POST any more, and a reply that is needed is not asked for by HEAD. */
function withoutBody({ method }: RoutedRequest): string | null {
  return method === 'GET' ? null : 'GET';
}

const NO_BODY = Buffer.alloc(0);
const READS: ReadonlySet<string> = new Set(['GET', 'HEAD']);
/** What a client wants of its own reply (RFC 9110 13, 14). */
const CONDITIONS = ['if-match', 'if-modified-since', 'if-none-match', 'if-range', 'if-unmodified-since', 'range'];
const ACCEPT_ENCODING = ['accept-encoding'];
