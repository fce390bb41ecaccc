import { Fault } from '../core/faults.ts';
import type { TlsFacts } from '../core/tls-facts.ts';
import type { Head } from '../http/head.ts';
import type { Target } from '../http/target.ts';
import type { Answer } from '../routing/plan.ts';
import type { DomainRules } from '../tls/domain-rules.ts';
import type { HostMap } from '../tls/host-map.ts';

/**
 * Whether a request may be served by the rules of its host's domain. Answers 0, the fault that it is
 * answered with, or the redirection to TLS.
 *
 * A connection was let in by the rules of the name that the client asked for then. Where those of the host in the request are
 * others, it must not be served here (RFC 9110 15.5.20): else whoever is let in for one domain would be in for all.
 *
 * A proxy that is trusted is believed that the client came to it by TLS.
 */
export function checkTls(
  domains: HostMap<DomainRules>,
  { tls, trusted }: { readonly tls: TlsFacts | null; readonly trusted: boolean },
  head: Head,
  target: Target,
): number | Answer {
  if (tls === null && domains.size === 0) return 0;
  const rules = domains.find(target.host);
  const policy = rules === null ? '' : rules.policy;
  if (tls === null) {
    if (rules === null) return 0;
    const isPrivate = rules.clientCertificates === 'required';
    if (!isPrivate && (!rules.require || (trusted && head.get('x-forwarded-proto') === 'https'))) return 0;
    return target.path.startsWith(ACME_PATH) ? 0 : redirection(target, rules.port);
  }
  if (tls.policy !== policy) return Fault.MISDIRECTED;
  if (rules?.clientCertificates !== 'required') return 0;
  return tls.certificate?.verified === true ? 0 : Fault.NO_CLIENT_CERTIFICATE;
}

/** What ACME asks for in clear (RFC 8555 8.3). */
export const ACME_PATH = '/.well-known/acme-challenge/';

/** 308, so that a method stays what it is (RFC 9110 15.4.9). */
function redirection({ host, path, query }: Target, port: number): Answer {
  const authority = port === HTTPS_PORT ? host : `${host}:${port}`;
  const lines = `Location: https://${authority}${path}${query}\r\nContent-Type: text/plain\r\n`;
  return { status: 308, lines, body: '308 Permanent Redirect: this is served by TLS\n' };
}

const HTTPS_PORT = 443;
