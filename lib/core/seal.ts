import { createCipheriv, createDecipheriv, createHash, hkdfSync, randomBytes } from 'node:crypto';

/**
 * Seals texts with a secret that only instances know (AES-256-GCM), so that whoever reads the store does not know them. The first
 * secret seals, all of them open: a new one is put in front, everything is sealed again, and the old one goes.
 *
 * A sealed text is `sealed:$id:$base64`: which secret it was, then nonce, text and tag. It opens only for the purpose that it was
 * sealed for, such as the key of the store that it is kept under.
 */
export class Seal {
  readonly #keys: readonly SealKey[];

  /** No secret at all: nothing is sealed, and nothing that is can be opened. */
  constructor(secrets: readonly string[]) {
    this.#keys = secrets.map((secret) => keyOf(secret));
  }

  get isOn(): boolean {
    return this.#keys.length > 0;
  }

  seal(text: string, purpose: string): string {
    const [first] = this.#keys;
    if (first === undefined) return text;
    const nonce = randomBytes(NONCE_BYTES);
    const cipher = createCipheriv(ALGORITHM, first.key, nonce).setAAD(Buffer.from(purpose));
    const sealed = Buffer.concat([nonce, cipher.update(text, 'utf8'), cipher.final(), cipher.getAuthTag()]);
    return `${PREFIX}${first.id}:${sealed.toString('base64')}`;
  }

  /** A text that is not sealed is what it is. Throws an Error whose message is for an operator. */
  open(text: string, purpose: string): string {
    if (!isSealed(text)) return text;
    const [, id, base64 = ''] = SEALED.exec(text) ?? [];
    if (id === undefined) throw new Error('is not a sealed text');
    const key = this.#keys.find((one) => one.id === id)?.key;
    if (key === undefined) throw new Error(`is sealed with the secret ${id}, which ELB_SECRET does not have`);
    const bytes = Buffer.from(base64, 'base64');
    if (bytes.length < NONCE_BYTES + TAG_BYTES) throw new Error('is not a sealed text');
    const end = bytes.length - TAG_BYTES;
    const decipher = createDecipheriv(ALGORITHM, key, bytes.subarray(0, NONCE_BYTES)).setAAD(Buffer.from(purpose));
    decipher.setAuthTag(bytes.subarray(end));
    try {
      return Buffer.concat([decipher.update(bytes.subarray(NONCE_BYTES, end)), decipher.final()]).toString('utf8');
    } catch (error) {
      throw new Error('was sealed for something else, or changed since', { cause: error });
    }
  }

  /** Whether a text is what `seal` would make of it today. */
  isCurrent(text: string): boolean {
    const [first] = this.#keys;
    return first === undefined ? !isSealed(text) : text.startsWith(`${PREFIX}${first.id}:`);
  }
}

export function isSealed(text: string): boolean {
  return text.startsWith(PREFIX);
}

interface SealKey {
  readonly id: string;
  readonly key: Buffer;
}

/** The id tells secrets apart and nothing about them. */
function keyOf(secret: string): SealKey {
  const key = Buffer.from(hkdfSync('sha256', secret, '', 'elb seal', KEY_BYTES));
  const id = createHash('sha256').update('elb seal id').update(key).digest('hex').slice(0, 8);
  return { id, key };
}

const ALGORITHM = 'aes-256-gcm';
const KEY_BYTES = 32;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const PREFIX = 'sealed:';
const SEALED = /^sealed:([0-9a-f]{8}):([A-Za-z0-9+/]+={0,2})$/;
