import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto';

/**
 * Seals values into text that only those read or make who know a secret (AES-256-GCM), with an expiry and a purpose: what was sealed for one
 * purpose is nothing for another. Several secrets may open; the first one seals, so that secrets can be changed while what was sealed
 * before is still good.
 */
export class Seal {
  readonly #keys: readonly Buffer[];
  readonly #clock: () => number;

  constructor(secrets: readonly string[], purpose: string, clock: () => number = Date.now) {
    this.#keys = secrets.map((secret) => Buffer.from(hkdfSync('sha256', secret, '', `elb ${purpose}`, KEY_BYTES)));
    this.#clock = clock;
  }

  /** `forMs`: how long it is good. The text is made of letters, digits, `-` and `_`. */
  close(value: object, forMs: number): string {
    const nonce = randomBytes(NONCE_BYTES);
    const cipher = createCipheriv('aes-256-gcm', this.#keys[0] ?? nonce, nonce);
    const text = JSON.stringify({ until: this.#clock() + forMs, value });
    return Buffer.concat([nonce, cipher.update(text, 'utf8'), cipher.final(), cipher.getAuthTag()]).toString(
      'base64url',
    );
  }

  /** The value, or null if the text was not sealed by us, or is no longer good. */
  open(text: string): unknown {
    const bytes = Buffer.from(text, 'base64url');
    if (bytes.length <= NONCE_BYTES + TAG_BYTES) return null;
    for (const key of this.#keys) {
      const opened = opening(bytes, key);
      if (opened !== null) return opened.until > this.#clock() ? opened.value : null;
    }
    return null;
  }
}

function opening(bytes: Buffer, key: Buffer): { readonly until: number; readonly value: unknown } | null {
  const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, NONCE_BYTES));
  decipher.setAuthTag(bytes.subarray(bytes.length - TAG_BYTES));
  try {
    const text = Buffer.concat([
      decipher.update(bytes.subarray(NONCE_BYTES, bytes.length - TAG_BYTES)),
      decipher.final(),
    ]);
    // Whatever opens was written by `close`.
    return JSON.parse(text.toString('utf8')) as { until: number; value: unknown };
  } catch {
    return null;
  }
}

const KEY_BYTES = 32;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
