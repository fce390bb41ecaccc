import { CLAIM_CONDITIONS, claimOf, claimsMeet, type ClaimConditions, type Claims } from '../lib/auth/claims.ts';
import { Fault } from '../lib/core/faults.ts';
import { FIELD_NAME } from '../lib/routing/names.ts';
import { defineRule, type Node } from '../lib/routing/rule.ts';
import { fieldsProperty, Identity, type FieldsArg } from './identity.ts';
import { forbidding, REFUSAL_PROPERTIES, refusalOf, type RefusalArgs } from './refusal.ts';
import { tokenOf } from './token-source.ts';
import { TOKEN_PROPERTIES, TokenVerifier, type TokenArgs } from './token-verifier.ts';

interface Args extends RefusalArgs, TokenArgs {
  readonly require?: ClaimConditions;
  readonly cookie?: string;
  readonly fields?: FieldsArg;
  readonly remove?: boolean;
}

/**
 * Lets in clients with a signed token (JWT, RFC 7519), and goes on to `next`.
 *
 *     {"type": "jwt", "args": {"jwks_url": "https://id.example.com/.well-known/jwks.json", "issuer": "https://id.example.com", "audience": "shop",
 *                              "fields": {"X-User": "sub", "X-Roles": "realm_access.roles"}, "next": "shop"}}
 *     {"type": "jwt", "args": {"secret": "313233343536", "secret_encoding": "hex", "algorithms": ["HS256"], "cookie": "auth", "next": "api"}}
 *
 * Keys come from one of `jwks_url`, `jwks`, `public_key` (PEM, also of a certificate) and `secret`. Those of a URL are fetched when first
 * needed and then every ten minutes; a token of a key that is not among them has them fetched again, but no more than once in
 * ten seconds; while they cannot be fetched the last ones hold for a day. Without `algorithms` all of the keys' kind are good: RS, PS, ES and EdDSA, or with
 * a `secret` HS. A token with `none` is never good.
 *
 * The token is the value of `cookie`, if one is named and sent, else of `Authorization: Bearer`. It has to have an expiry, unless `without_expiry`; `issuer`
 * and `audience`, where given, have to be among its own. A good token whose claims do not meet `require` goes to `forbidden` (403 without
 * it), everything else to `denied` (401). Where keys cannot be had the answer is 503. A good token is not checked again for `cache`, or until it
 * expires. Templates and later nodes know its claims as `claim.NAME`.
 */
export const jwt = defineRule<Args>({
  type: 'jwt',
  summary: 'Lets in clients with a signed token.',
  args: {
    properties: {
      ...TOKEN_PROPERTIES,
      require: {
        ...CLAIM_CONDITIONS,
        description: 'values that claims, by path, may have; a list has to have one of them',
      },
      cookie: { type: 'string', pattern: FIELD_NAME, description: 'cookie that may have the token' },
      fields: fieldsProperty('the claim, by path,'),
      remove: {
        type: 'boolean',
        default: false,
        description: 'whether the server does not get the Authorization field',
      },
      ...REFUSAL_PROPERTIES,
    },
    additionalProperties: false,
  },
  edges: ['next', 'denied', 'forbidden'],
  compile(args, context) {
    const { require = {}, cookie, fields = {}, remove = false } = args;
    const verifier = new TokenVerifier(args, context);
    const identity = new Identity(fields, context.problem);
    const refuse = refusalOf(args, 'Bearer error="invalid_token"', context);
    const forbid = forbidding(args, context);
    const next = context.edge('next');

    return (request, plan) => {
      identity.strip(plan);
      const token = tokenOf(request, cookie);
      if (remove) plan.drop(AUTHORIZATION);
      if (token === null) return refuse(plan);
      const known = verifier.known(token);
      return known === undefined ? check(token) : end(known);

      function end(claims: Claims): Node | null {
        plan.claims = claims;
        if (!claimsMeet(claims, require) || !identity.tell(plan, (path) => claimOf(claims, path))) return forbid(plan);
        return next;
      }

      async function check(given: string): Promise<Node | null> {
        try {
          const claims = await verifier.check(given, plan.isObserved);
          return claims === null ? refuse(plan) : end(claims);
        } catch (error) {
          if (!plan.isObserved) context.means.warn('keys for tokens cannot be had', error);
          plan.fault = Fault.UNVERIFIED;
          return null;
        }
      }
    };
  },
});

const AUTHORIZATION = ['authorization'];
