import { CidrList, isCidr } from '../lib/core/cidr.ts';
import { defineRule } from '../lib/routing/rule.ts';
import { turningAway } from './turning-away.ts';

interface Args {
  readonly allow?: readonly string[];
  readonly deny?: readonly string[];
  readonly default?: 'allow' | 'deny';
  readonly of?: 'client' | 'peer';
}

/**
 * Lets addresses through by two lists of networks, IPv4 and IPv6, and goes on to `next`; all others go to `denied`, or are answered 403.
 *
 *     {"type": "ip-filter", "args": {"allow": ["10.0.0.0/8", "2001:db8::/32"], "next": "intranet"}}
 *     {"type": "ip-filter", "args": {"deny": ["192.0.2.0/24"], "default": "allow", "next": "web", "denied": "sorry"}}
 *
 * An address in one list only is allowed or denied by it; one that is in both, or in none, by `default`. Without `default` it is denied if
 * there is a list `allow`, and allowed if there is not. `client` is the TCP peer, or whom it speaks for if it is one of the trusted
 * proxies (`ELB_TRUSTED_PROXIES`); `peer` is the TCP peer whatever it says. What has no IP address, a client on a Unix socket, is in no list.
 */
export const ipFilter = defineRule<Args>({
  type: 'ip-filter',
  summary: 'Lets addresses through by lists of networks.',
  args: {
    properties: {
      allow: networks('networks such as `10.0.0.0/8` or `::1` that are allowed'),
      deny: networks('networks that are denied'),
      default: { enum: ['allow', 'deny'], description: 'what becomes of addresses in both lists or in none' },
      of: { enum: ['client', 'peer'], default: 'client', description: 'whose address is looked at' },
    },
    additionalProperties: false,
  },
  edges: ['next', 'denied'],
  compile(args, context) {
    const next = context.edge('next');
    const refuse = turningAway(args, 'denied', 403, context);
    const allowed = listOf(args.allow, '/allow', context.problem);
    const denied = listOf(args.deny, '/deny', context.problem);
    if (args.allow === undefined && args.deny === undefined && args.default === undefined)
      context.problem('', 'needs allow, deny or default');
    const isAllowedElse = (args.default ?? (args.allow === undefined ? 'allow' : 'deny')) === 'allow';
    const isPeer = args.of === 'peer';
    return (request, plan) => {
      const address = isPeer ? request.peerAddress : request.clientAddress;
      const isIn = allowed.has(address);
      const isAllowed = isIn === denied.has(address) ? isAllowedElse : isIn;
      return isAllowed ? next : refuse(plan, `your address ${address} is not allowed`);
    };
  },
});

function networks(description: string): Readonly<Record<string, unknown>> {
  return { type: 'array', items: { type: 'string' }, description };
}

function listOf(list: readonly string[] = [], at: string, problem: (at: string, msg: string) => void): CidrList {
  for (const [i, network] of list.entries()) {
    if (!isCidr(network)) problem(`${at}/${i}`, 'is not a network such as 10.0.0.0/8, 192.0.2.7 or 2001:db8::/32');
  }
  return new CidrList(list.filter(isCidr));
}
