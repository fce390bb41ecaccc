/** TLS towards clients. Plain data: it travels between processes. */
export interface TlsSetup {
  readonly minVersion: 'TLSv1.2' | 'TLSv1.3';
  /** Null: the usual ones. */
  readonly ciphers: string | null;
  /** Name of the certificate for unknown names; null: they are refused. */
  readonly defaultCertificate: string | null;
}

export const USUAL_TLS: TlsSetup = { minVersion: 'TLSv1.2', ciphers: null, defaultCertificate: null };

interface TlsValues {
  readonly tlsMin: string | null;
  readonly tlsCiphers: string | null;
  readonly tlsDefault: string | null;
}

/** What the options of TLS mean; what OpenSSL does not take is a problem. */
export function tlsSetup({ tlsMin, tlsCiphers, tlsDefault }: TlsValues, problems: string[]): TlsSetup {
  try {
    // Processes that do not speak TLS read the options as well, and it takes a tenth of their start to load.
    if (tlsCiphers !== null) process.getBuiltinModule('node:tls').createSecureContext({ ciphers: tlsCiphers, ca: [] });
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    problems.push(`--tls-ciphers (ELB_TLS_CIPHERS) cannot be used: ${reason}`);
  }
  return {
    minVersion: tlsMin === '1.3' ? 'TLSv1.3' : 'TLSv1.2',
    ciphers: tlsCiphers,
    defaultCertificate: tlsDefault,
  };
}
