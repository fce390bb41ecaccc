import { createHash } from 'node:crypto';
import { crypt64 } from './crypt64.ts';

/**
 * A hash of glibc's crypt(3) in the forms `$5$` (SHA-256) and `$6$` (SHA-512), as `mkpasswd` and `openssl passwd -6` write them (Ulrich Drepper,
 * "Unix crypt using SHA-256 and SHA-512"). Made again of a password and the settings in front of `stored`.
 */
export function shaCrypt(password: string, stored: string): string {
  const [, settings = '', id = '', said, salt = ''] = SHA_CRYPT.exec(stored) ?? [];
  const algorithm = id === '5' ? 'sha256' : 'sha512';
  const hash = (...parts: readonly (Buffer | string)[]): Buffer => {
    const made = createHash(algorithm);
    for (const part of parts) made.update(part);
    return made.digest();
  };
  const key = Buffer.from(password, 'utf8');
  const inner = hash(key, salt, key);
  const parts: Buffer[] = [repeated(inner, key.length)];
  for (let bits = key.length; bits > 0; bits >>= 1) parts.push((bits & 1) === 1 ? inner : key);
  let digest = hash(key, salt, ...parts);
  const keys = repeated(hash(...Array.from({ length: key.length }, () => key)), key.length);
  const salts = repeated(hash(...Array.from({ length: 16 + (digest[0] ?? 0) }, () => salt)), salt.length);
  for (let i = 0, end = roundsOf(said); i < end; i++) {
    const isOdd = i % 2 === 1;
    const round = createHash(algorithm).update(isOdd ? keys : digest);
    if (i % 3 !== 0) round.update(salts);
    if (i % 7 !== 0) round.update(keys);
    digest = round.update(isOdd ? digest : keys).digest();
  }
  return `${settings}$${crypt64(digest, id === '5' ? ORDER_256 : ORDER_512)}`;
}

/** Whether a text is such a hash. More than a million rounds are refused: a hash is data, not a command. */
export function isShaCrypt(stored: string): boolean {
  const match = SHA_CRYPT.exec(stored);
  return match !== null && roundsOf(match[3]) <= MAX_ROUNDS && match[5]?.length === (match[2] === '5' ? 43 : 86);
}

function roundsOf(said: string | undefined): number {
  return said === undefined ? USUAL_ROUNDS : Number(said);
}

/** As many bytes of it, over and over. */
function repeated(bytes: Buffer, length: number): Buffer {
  return length === 0 ? Buffer.alloc(0) : Buffer.alloc(length, bytes);
}

const SHA_CRYPT = /^(\$([56])\$(?:rounds=([1-9]\d{3,8})\$)?([./A-Za-z0-9]{0,16}))\$([./A-Za-z0-9]+)$/;
const USUAL_ROUNDS = 5000;
const MAX_ROUNDS = 1_000_000;

/** Three thirds of a digest side by side, turned by one with each step: to the left for SHA-512, to the right for SHA-256. */
function thirds(step: number, count: number, turn: (i: number) => number): number[][] {
  return Array.from({ length: count }, (_, i) =>
    [0, 1, 2].map((place) => i + step * ((((place + turn(i)) % 3) + 3) % 3)),
  );
}

const ORDER_512 = [...thirds(21, 21, (i) => i), [63]];
const ORDER_256 = [...thirds(10, 10, (i) => -i), [31, 30]];
