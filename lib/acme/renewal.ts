import { createHash, X509Certificate } from 'node:crypto';

/** When a CA would like a certificate to be renewed (RFC 9773 4.2), in milliseconds since the epoch. */
export interface RenewalWindow {
  readonly start: number;
  readonly end: number;
}

/**
 * When a certificate is to be renewed: at some moment of the window that its CA has named, else at two thirds of its life, give or
 * take a twentieth. The moment is the certificate's own, so that it is the same for every instance and at every look, and many
 * certificates of one day do not come due at once.
 */
export function renewalTime(pem: string, window: RenewalWindow | null): number {
  const certificate = new X509Certificate(pem);
  const place = createHash('sha256').update(certificate.raw).digest().readUInt32BE(0) / 0xffff_ffff;
  if (window !== null && window.end > window.start) return window.start + place * (window.end - window.start);
  const start = Date.parse(certificate.validFrom);
  const life = Date.parse(certificate.validTo) - start;
  return start + life * (2 / 3 + (place - 0.5) / 10);
}

/** How a certificate is called when its CA is asked (RFC 9773 4.1): key identifier of its issuer, then its serial number. */
export function renewalName(pem: string): string | null {
  const { raw, serialNumber } = new X509Certificate(pem);
  const issuer = authorityKeyIdentifier(raw);
  if (issuer === null) return null;
  const hex = serialNumber.length % 2 === 0 ? serialNumber : `0${serialNumber}`;
  // A positive number of DER begins with a bit that is 0.
  const serial = Buffer.from(Number.parseInt(hex.slice(0, 2), 16) >= 0x80 ? `00${hex}` : hex, 'hex');
  return `${issuer.toString('base64url')}.${serial.toString('base64url')}`;
}

/** `keyIdentifier` of the extension 2.5.29.35 (RFC 5280 4.2.1.1), found by its object identifier; Node does not tell it. */
function authorityKeyIdentifier(der: Buffer): Buffer | null {
  const at = der.indexOf(AUTHORITY_KEY_IDENTIFIER);
  if (at === -1) return null;
  // OCTET STRING, SEQUENCE, [0]: all of them short, where the identifier is a hash.
  const [octets, sequence, tag, length = 0] = [0, 2, 4, 5].map((i) => der[at + AUTHORITY_KEY_IDENTIFIER.length + i]);
  if (octets !== 0x04 || sequence !== 0x30 || tag !== 0x80) return null;
  const start = at + AUTHORITY_KEY_IDENTIFIER.length + 6;
  return start + length <= der.length ? der.subarray(start, start + length) : null;
}

const AUTHORITY_KEY_IDENTIFIER = Buffer.from([0x06, 0x03, 0x55, 0x1d, 0x23]);
