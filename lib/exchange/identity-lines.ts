import type { TlsFacts } from '../core/tls-facts.ts';

/**
 * Field lines about the certificate that a client has shown, each ended by CRLF; none where it was asked for none. What a client
 * itself says under these names is never forwarded. `Client-Cert` is that of RFC 9440.
 */
export function identityLines(tls: TlsFacts | null): string {
  if (tls === null || !tls.asked) return '';
  const { certificate } = tls;
  if (certificate === null) return 'X-Client-Cert-Verify: NONE\r\n';
  if (!certificate.verified) return `X-Client-Cert-Verify: FAILED:${certificate.problem}\r\n`;
  const { subject, issuer, serial, fingerprint, names, der } = certificate;
  return (
    `Client-Cert: :${der}:\r\nX-Client-Cert-Verify: SUCCESS\r\nX-Client-Cert-Subject: ${subject}\r\n` +
    `X-Client-Cert-Issuer: ${issuer}\r\nX-Client-Cert-Serial: ${serial}\r\nX-Client-Cert-Fingerprint: ${fingerprint}\r\n` +
    (names.length === 0 ? '' : `X-Client-Cert-Names: ${names.join(', ')}\r\n`)
  );
}
