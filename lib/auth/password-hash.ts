import { argon2Sync, createHash, timingSafeEqual } from 'node:crypto';
import { compareSync } from 'bcryptjs';
import { crypt64 } from './crypt64.ts';
import { argon2Parts, hashKind } from './hash-kind.ts';
import { shaCrypt } from './sha-crypt.ts';

/**
 * Whether a password is the one of a stored hash. Takes up to some hundred milliseconds of CPU, as password hashes should: not for a
 * thread that serves requests. A hash of a form that is not known fits no password.
 */
export function passwordFits(password: string, hash: string): boolean {
  switch (hashKind(hash)) {
    case 'bcrypt':
      // What is beyond 72 bytes would not be looked at.
      return Buffer.byteLength(password) <= BCRYPT_BYTES && compareSync(password, hash.replace(/^\$2y\$/, '$2b$'));
    case 'argon2':
      return argon2Fits(password, hash);
    case 'apr1':
      return same(apr1(password, hash.split('$')[2] ?? ''), hash);
    case 'sha-crypt':
      return Buffer.byteLength(password) <= SHA_CRYPT_BYTES && same(shaCrypt(password, hash), hash);
    case 'sha1':
      return same(`{SHA}${createHash('sha1').update(password, 'utf8').digest('base64')}`, hash);
    case null:
      return false;
  }
}

function argon2Fits(password: string, hash: string): boolean {
  const parts = argon2Parts(hash);
  if (parts === null) return false;
  const { algorithm, memory, passes, parallelism, nonce, tag } = parts;
  const made = argon2Sync(algorithm, { message: password, nonce, memory, passes, parallelism, tagLength: tag.length });
  return timingSafeEqual(made, tag);
}

/** Apache's variant of MD5-crypt, which `htpasswd -m` writes (apr_md5_encode of the Apache Portable Runtime). */
function apr1(password: string, salt: string): string {
  const key = Buffer.from(password, 'utf8');
  const inner = md5(key, salt, key);
  const outer = createHash('md5').update(key).update('$apr1$').update(salt);
  for (let left = key.length; left > 0; left -= 16) outer.update(inner.subarray(0, Math.min(16, left)));
  for (let bits = key.length; bits > 0; bits >>= 1) outer.update((bits & 1) === 1 ? '\0' : key.subarray(0, 1));
  let digest = outer.digest();
  for (let i = 0; i < 1000; i++) {
    const round = createHash('md5').update(i % 2 === 1 ? key : digest);
    if (i % 3 !== 0) round.update(salt);
    if (i % 7 !== 0) round.update(key);
    digest = round.update(i % 2 === 1 ? digest : key).digest();
  }
  return `$apr1$${salt}$${crypt64(digest, ORDER_MD5)}`;
}

function md5(...parts: readonly (Buffer | string)[]): Buffer {
  const hash = createHash('md5');
  for (const part of parts) hash.update(part);
  return hash.digest();
}

function same(made: string, hash: string): boolean {
  const [a, b] = [Buffer.from(made), Buffer.from(hash)];
  return a.length === b.length && timingSafeEqual(a, b);
}

/** Which bytes of an MD5 stand together in crypt(3). */
const ORDER_MD5 = [[0, 6, 12], [1, 7, 13], [2, 8, 14], [3, 9, 15], [4, 10, 5], [11]];
const BCRYPT_BYTES = 72;
/** Its time grows with the password's length: nobody may ask for seconds of it by a long one. */
const SHA_CRYPT_BYTES = 256;
