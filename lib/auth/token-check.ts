import type { CryptoKey, FlattenedJWSInput, JSONWebKeySet, JWSHeaderParameters } from 'jose';
import type { Caller } from '../core/caller.ts';
import type { Claims } from './claims.ts';
import { NoKeys, type KeySet } from './key-set.ts';

/** Keys as a document has them (RFC 7517 5). */
export type { JSONWebKeySet } from 'jose';

/** What a token has to be like (RFC 7519, RFC 8725). */
export interface TokenDemands {
  /** Exactly these; `none` is never one of them. */
  readonly algorithms: readonly string[];
  /** Null: any, or none. */
  readonly issuers: readonly string[] | null;
  /** Null: any, or none. */
  readonly audiences: readonly string[] | null;
  readonly skewS: number;
  /** Oldest age by `iat`, in seconds; 0: any. */
  readonly maxAgeS: number;
  /** What `typ` has to say (RFC 8725 3.11); null: anything, or nothing. */
  readonly type: string | null;
  /** Claims that have to be there. */
  readonly required: readonly string[];
}

/** Where the keys are that tokens are verified with. */
export type TokenKeys =
  | { readonly kind: 'secret'; readonly secret: Uint8Array }
  | { readonly kind: 'set'; readonly set: JSONWebKeySet }
  | { readonly kind: 'pem'; readonly pem: string }
  | { readonly kind: 'url'; readonly keys: KeySet };

/** The claims of a token that is good; null if it is not. Rejected with `NoKeys` where that cannot be found out now. */
export async function checkToken(
  token: string,
  keys: TokenKeys,
  demands: TokenDemands,
  caller: Caller,
): Promise<Claims | null> {
  const { jwtVerify, createLocalJWKSet, importSPKI, importX509 } = await import('jose');
  const { algorithms, issuers, audiences, skewS, maxAgeS, type, required } = demands;
  try {
    const { payload } = await jwtVerify(token, findKey, {
      algorithms: [...algorithms],
      clockTolerance: skewS,
      requiredClaims: [...required],
      ...(issuers !== null && { issuer: [...issuers] }),
      ...(audiences !== null && { audience: [...audiences] }),
      ...(type !== null && { typ: type }),
      ...(maxAgeS > 0 && { maxTokenAge: maxAgeS }),
    });
    return payload;
  } catch (error) {
    if (error instanceof NoKeys) throw error;
    return null;
  }

  function findKey(header: JWSHeaderParameters, jws: FlattenedJWSInput): Promise<CryptoKey | Uint8Array> | Uint8Array {
    switch (keys.kind) {
      case 'secret':
        return keys.secret;
      case 'set':
        return createLocalJWKSet(keys.set)(header, jws);
      case 'pem':
        return keys.pem.includes('CERTIFICATE')
          ? importX509(keys.pem, header.alg ?? '')
          : importSPKI(keys.pem, header.alg ?? '');
      case 'url':
        return keys.keys.key(header, jws, caller);
    }
  }
}

/** Algorithms of secrets that both sides know, and of key pairs: a node takes one kind, so that no public key is taken for a secret. */
export const SECRET_ALGORITHMS = ['HS256', 'HS384', 'HS512'] as const;
export const PAIR_ALGORITHMS = [
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
  'ES256',
  'ES384',
  'ES512',
  'EdDSA',
  'Ed25519',
] as const;
