/** What is known of a client's TLS connection once its handshake is over. */
export interface TlsFacts {
  /** `TLSv1.2` or `TLSv1.3`. */
  readonly version: string;
  /** The name that the client asked for (SNI), in lower case; empty where it asked for none. */
  readonly serverName: string;
  /** Name of the cipher, as OpenSSL has it. */
  readonly cipher: string;
  /** The protocol that was agreed on (ALPN); empty where none was. */
  readonly alpn: string;
  /** Whether an earlier session goes on. */
  readonly resumed: boolean;
  /** Whether the client was asked for a certificate. */
  readonly asked: boolean;
  /** What it has shown; null: nothing, or nothing was asked for. */
  readonly certificate: ClientCertificate | null;
  /** Which rules were in force when it was let in: two names with the same one may be asked for on one connection. */
  readonly policy: string;
}

/** A client's certificate. */
export interface ClientCertificate {
  /** Whether it leads to a certificate that the domain trusts. */
  readonly verified: boolean;
  /** Why it does not, as OpenSSL calls it; empty where it does. */
  readonly problem: string;
  /** RFC 4514, as `openssl x509 -nameopt RFC2253` writes it. */
  readonly subject: string;
  readonly issuer: string;
  /** In hexadecimal digits. */
  readonly serial: string;
  /** SHA-256 of the whole certificate, 64 hexadecimal digits. */
  readonly fingerprint: string;
  /** Names it is for: `DNS:a.test`, `URI:spiffe://a.test/x`. */
  readonly names: readonly string[];
  /** Its last moment, in milliseconds since the epoch. */
  readonly notAfter: number;
  /** DER in base64. */
  readonly der: string;
}
