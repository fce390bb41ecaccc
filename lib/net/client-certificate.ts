import { X509Certificate } from 'node:crypto';
import { certificateFacts } from '../core/certificate-facts.ts';
import type { ClientCertificate } from '../core/tls-facts.ts';
import type { TlsHandle } from './handle.ts';

/** The certificate that a client has shown, and whether it was verified. Null: it has shown none that can be read. */
export function clientCertificateOf(tls: TlsHandle): ClientCertificate | null {
  const raw = tls.getPeerCertificate()?.raw;
  if (raw === undefined) return null;
  const error = tls.verifyError() ?? null;
  return certificateFacts(new X509Certificate(raw), error === null ? '' : (error.code ?? error.message));
}
