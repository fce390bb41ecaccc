/** User and password of the Basic scheme (RFC 7617). */
export interface UserPassword {
  readonly user: string;
  readonly password: string;
}

/**
 * What an Authorization field says in the Basic scheme; null if it says something else, or says it in a way that could be read
 * differently elsewhere. `field`: its value, bytes as Latin-1.
 */
export function basicOf(field: string | null): UserPassword | null {
  const token = tokenOf(field, 'basic');
  if (token === null || !BASE64.test(token)) return null;
  const text = UTF8.decode(token);
  const colon = text === null ? -1 : text.indexOf(':');
  if (text === null || colon === -1 || CONTROL.test(text)) return null;
  return { user: text.slice(0, colon), password: text.slice(colon + 1) };
}

/** The token of an Authorization field in the Bearer scheme (RFC 6750 2.1); null if it says something else. */
export function bearerOf(field: string | null): string | null {
  const token = tokenOf(field, 'bearer');
  return token !== null && TOKEN68.test(token) ? token : null;
}

/** What stands behind a scheme and blanks; null if the field has another scheme. Two fields read as one with a comma, which fits neither. */
function tokenOf(field: string | null, scheme: string): string | null {
  if (field === null || field.length <= scheme.length || field.length > MAX_LENGTH) return null;
  if (field.slice(0, scheme.length).toLowerCase() !== scheme || field[scheme.length] !== ' ') return null;
  return field.slice(scheme.length).trimStart();
}

const BASE64 = /^[A-Za-z0-9+/]+={0,2}$/;
const TOKEN68 = /^[A-Za-z0-9._~+/-]+=*$/;
const CONTROL = /[\u0000-\u001f\u007f]/;
const MAX_LENGTH = 16_384;

const UTF8 = {
  decoder: new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }),
  decode(base64: string): string | null {
    const bytes = Buffer.from(base64, 'base64');
    try {
      return this.decoder.decode(bytes);
    } catch {
      // RFC 7617 2.1 leaves the encoding open: what is not UTF-8 is taken as the one byte per character of older clients.
      return bytes.latin1Slice();
    }
  },
};
