import { defineRule } from '../lib/routing/rule.ts';
import { TOKEN_GATE_PROPERTIES, TokenGate, type TokenGateArgs } from './token-gate.ts';
import { TOKEN_PROPERTIES, TokenVerifier, type TokenArgs } from './token-verifier.ts';

type Args = TokenArgs & TokenGateArgs;

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
      ...TOKEN_GATE_PROPERTIES,
    },
    additionalProperties: false,
  },
  edges: ['next', 'denied', 'forbidden'],
  compile(args, context) {
    const gate = new TokenGate(args, new TokenVerifier(args, context), context);
    return (request, plan) => gate.decide(request, plan);
  },
});
