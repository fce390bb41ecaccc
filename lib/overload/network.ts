/**
 * Whose connections are counted together: an IPv4 address by itself, an IPv6 address with all of its /64, which one customer
 * has to himself and can take any address of (RFC 6177).
 */
export function networkOf(address: string): string {
  if (!address.includes(':')) return address;
  const [front = '', back] = address.replace(/%.*$/, '').split('::');
  const first = groupsOf(front);
  if (first.length >= NETWORK_GROUPS || back === undefined) return first.slice(0, NETWORK_GROUPS).join(':');
  const last = groupsOf(back);
  const left = GROUPS - first.length - last.length;
  return [...first, ...Array.from({ length: left }, () => '0'), ...last].slice(0, NETWORK_GROUPS).join(':');
}

/** An IPv4 address at the end stands for two groups, whatever they are: it is never in the network's half. */
function groupsOf(text: string): string[] {
  if (text === '') return [];
  return text.split(':').flatMap((group) => (group.includes('.') ? [group, group] : [group]));
}

const GROUPS = 8;
const NETWORK_GROUPS = 4;
