import { isShaCrypt } from './sha-crypt.ts';

/** The form of a stored hash, by what it begins with; null if it is none that is known, or is malformed. */
export function hashKind(hash: string): 'bcrypt' | 'argon2' | 'apr1' | 'sha-crypt' | 'sha1' | null {
  if (/^\$2[aby]\$(?:0[4-9]|1[0-6])\$[./A-Za-z0-9]{53}$/.test(hash)) return 'bcrypt';
  if (argon2Parts(hash) !== null) return 'argon2';
  if (/^\$apr1\$[./A-Za-z0-9]{1,8}\$[./A-Za-z0-9]{22}$/.test(hash)) return 'apr1';
  if (isShaCrypt(hash)) return 'sha-crypt';
  return /^\{SHA\}[A-Za-z0-9+/]{27}=$/.test(hash) ? 'sha1' : null;
}

/** A hash of Argon2, taken apart (RFC 9106). */
export interface Argon2 {
  readonly algorithm: 'argon2d' | 'argon2i' | 'argon2id';
  readonly memory: number;
  readonly passes: number;
  readonly parallelism: number;
  readonly nonce: Buffer;
  readonly tag: Buffer;
}

/** The PHC form: `$argon2id$v=19$m=65536,t=3,p=4$salt$hash`. Memory beyond 256 MiB is refused: a hash is data, not a command. */
export function argon2Parts(hash: string): Argon2 | null {
  const match =
    /^\$(argon2(?:d|i|id))\$v=19\$m=(\d{1,7}),t=(\d{1,3}),p=(\d{1,3})\$([A-Za-z0-9+/]{11,86})\$([A-Za-z0-9+/]{16,86})$/.exec(
      hash,
    );
  if (match === null) return null;
  const [, algorithm = '', memory, passes, parallelism, nonce = '', tag = ''] = match;
  const parts = {
    // The pattern has no other names.
    algorithm: algorithm as Argon2['algorithm'],
    memory: Number(memory),
    passes: Number(passes),
    parallelism: Number(parallelism),
    nonce: Buffer.from(nonce, 'base64'),
    tag: Buffer.from(tag, 'base64'),
  };
  const isSane = parts.passes > 0 && parts.parallelism > 0 && parts.memory >= 8 * parts.parallelism;
  return isSane && parts.memory <= MAX_ARGON2_KIB ? parts : null;
}

const MAX_ARGON2_KIB = 262_144;
