import { reasonOf } from '../lib/http/reason.ts';
import { edgeTarget } from '../lib/routing/edges.ts';
import type { Answer, Plan } from '../lib/routing/plan.ts';
import type { CompileContext, Node } from '../lib/routing/rule.ts';

/** Args of a node that lets clients in or not. */
export interface RefusalArgs {
  readonly denied?: string | null;
  readonly realm?: string;
  readonly status?: number;
}

/** Schema of `realm` and `status`. */
export const REFUSAL_PROPERTIES = {
  realm: {
    type: 'string',
    pattern: '^[ !#-\\[\\]-~]{1,200}$',
    default: 'elb',
    description: 'what the client is told that it needs credentials for',
  },
  status: { enum: [401, 403], default: 401, description: 'status of the answer to a client that is not let in' },
} as const;

/** What a node says to a client that is not let in, and where it goes instead, if anywhere. */
interface Refusal {
  /** The authentication that is asked for (RFC 9110 11.6.1): a scheme, and its parameters beside the realm. */
  readonly challenge: string;
  readonly status: number;
  readonly edge: string;
}

/**
 * Where a client goes that is not let in: behind the edge, or to an answer of the node's own. `challenge`: the authentication that is
 * asked for, as `Basic` or `Bearer`, with its parameters beside the realm.
 */
export function refusalOf(args: RefusalArgs, challenge: string, context: CompileContext): (plan: Plan) => Node | null {
  return refusing(args, { challenge, status: args.status ?? 401, edge: 'denied' }, context);
}

/** As `refusalOf`, for clients that are known and are not allowed: behind `forbidden`, or 403. */
export function forbidding(args: RefusalArgs, context: CompileContext): (plan: Plan) => Node | null {
  return refusing(args, { challenge: '', status: 403, edge: 'forbidden' }, context);
}

function refusing(args: RefusalArgs, refusal: Refusal, context: CompileContext): (plan: Plan) => Node | null {
  const { challenge, status, edge } = refusal;
  if (edgeTarget({ ...args }, edge) !== null) {
    const target = context.edge(edge);
    return () => target;
  }
  const [scheme = '', ...parameters] = challenge.split(' ');
  const asked = [`realm="${args.realm ?? 'elb'}"`, ...parameters].join(', ');
  const answer: Answer = {
    status,
    lines: `${status === 401 ? `WWW-Authenticate: ${scheme} ${asked}\r\n` : ''}Cache-Control: no-store\r\nContent-Type: text/plain\r\n`,
    body: `${status} ${reasonOf(status)}\n`,
  };
  return (plan) => {
    plan.answer = answer;
    return null;
  };
}
