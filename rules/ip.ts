import { CidrList, isCidr } from '../lib/core/cidr.ts';
import { defineMatcher } from '../lib/routing/matcher.ts';

interface Args {
  readonly networks: readonly string[];
  readonly of?: 'client' | 'peer';
}

/**
 * Asks whether an address belongs to one of some networks, IPv4 and IPv6. `client` is the TCP peer, or whom it speaks for if it is
 * one of the trusted proxies (`ELB_TRUSTED_PROXIES`); `peer` is the TCP peer whatever it says.
 *
 *     {"type": "ip", "args": {"networks": ["10.0.0.0/8", "2001:db8::/32"], "succ": "office", "fail": "public"}}
 */
export const ip = defineMatcher<Args>({
  type: 'ip',
  summary: 'Goes by the address of the client.',
  args: {
    properties: {
      networks: {
        type: 'array',
        items: { type: 'string' },
        minItems: 1,
        description: 'networks such as `10.0.0.0/8` or `::1`; the address belongs to one of them',
      },
      of: { enum: ['client', 'peer'], default: 'client', description: 'whose address is looked at' },
    },
    required: ['networks'],
    additionalProperties: false,
  },
  test({ networks, of }, { problem }) {
    for (const [i, network] of networks.entries()) {
      if (!isCidr(network))
        problem(`/networks/${i}`, 'is not a network such as 10.0.0.0/8, 192.0.2.7 or 2001:db8::/32');
    }
    const list = new CidrList(networks.filter(isCidr));
    return of === 'peer' ? (request) => list.has(request.peerAddress) : (request) => list.has(request.clientAddress);
  },
});
