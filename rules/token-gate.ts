import { CLAIM_CONDITIONS, claimOf, claimsMeet, type ClaimConditions, type Claims } from '../lib/auth/claims.ts';
import { bearerOf } from '../lib/auth/credentials.ts';
import { Recall } from '../lib/auth/recall.ts';
import type { Entry } from '../lib/auth/verified.ts';
import { Fault } from '../lib/core/faults.ts';
import { FIELD_NAME } from '../lib/routing/names.ts';
import type { Plan } from '../lib/routing/plan.ts';
import type { CompileContext, Node, RoutedRequest } from '../lib/routing/rule.ts';
import { hideCookies } from './hide-cookies.ts';
import { fieldsProperty, Identity, type FieldsArg } from './identity.ts';
import { forbidding, REFUSAL_PROPERTIES, refusalOf, type RefusalArgs } from './refusal.ts';
import { cookieOf } from './request-value.ts';

/** Args of a node that lets in clients with a token. */
export interface TokenGateArgs extends RefusalArgs {
  readonly require?: ClaimConditions;
  readonly cookie?: string;
  readonly fields?: FieldsArg;
  readonly remove?: boolean;
}

/** Properties of a schema for `TokenGateArgs`. */
export const TOKEN_GATE_PROPERTIES = {
  require: {
    ...CLAIM_CONDITIONS,
    description: 'values that claims, by path, may have; a list has to have one of them',
  },
  cookie: { type: 'string', pattern: FIELD_NAME, description: 'cookie that may have the token' },
  fields: fieldsProperty('the claim, by path,'),
  remove: {
    type: 'boolean',
    default: false,
    description: 'whether the server gets neither the Authorization field nor the cookie',
  },
  ...REFUSAL_PROPERTIES,
} as const;

/** Who says whether a token is good. */
export interface TokenJudge {
  /** What was found out a moment ago: the claims of a good token, or null; undefined where it has to be checked. */
  known(token: string): Entry<Claims | null> | undefined;
  /**
   * The claims of a good token, null for any other; rejected where nobody can say. `isObserved`: for an explanation, for which nobody is asked:
   * undefined where that leaves nothing to be said, and the token is supposed to be good.
   */
  check(token: string, isObserved: boolean): Promise<Claims | null | undefined>;
  /** What the operator is told where nobody can say. */
  readonly trouble: string;
}

/** What a token came to: its claims and the fields that tell them; null for one that is not good. */
export interface Bearer {
  readonly claims: Claims | null;
  /** Null: the claims do not meet what is required. */
  readonly fields: readonly string[] | null;
}

/**
 * Lets in clients with a token: those with a good one go on to `next`, those whose claims do not meet `require` to `forbidden`, all others to
 * `denied`. The token is the value of the cookie, if it is there and not empty, else that of `Authorization: Bearer`. Where nobody can
 * say whether it is good the answer is 503.
 *
 * What was found out holds for as long as the judge says. It is looked up by the text that the client sends, and where that was not seen for
 * some seconds by a digest of the token, which outlives the document.
 */
export class TokenGate {
  readonly #judge: TokenJudge;
  readonly #context: CompileContext;
  readonly #cookie: string | undefined;
  readonly #remove: boolean;
  readonly #require: ClaimConditions;
  readonly #identity: Identity;
  readonly #refuse: (plan: Plan) => Node | null;
  readonly #forbid: (plan: Plan) => Node | null;
  readonly #next: Node;
  // A cookie and a field may have one text and two tokens.
  readonly #ofCookie: Recall<Bearer>;
  readonly #ofField: Recall<Bearer>;

  constructor(args: TokenGateArgs, judge: TokenJudge, context: CompileContext) {
    this.#judge = judge;
    this.#context = context;
    this.#cookie = args.cookie;
    this.#remove = args.remove ?? false;
    this.#require = args.require ?? {};
    this.#identity = new Identity(args.fields ?? {}, context.problem);
    this.#refuse = refusalOf(args, 'Bearer error="invalid_token"', context);
    this.#forbid = forbidding(args, context);
    this.#next = context.edge('next');
    this.#ofCookie = new Recall(context.means.coarseNow);
    this.#ofField = new Recall(context.means.coarseNow);
  }

  decide(request: RoutedRequest, plan: Plan): Node | null | Promise<Node | null> {
    this.#identity.strip(plan);
    const sent = this.#cookie === undefined ? null : cookieOf(request, this.#cookie);
    const isCookie = sent !== null && sent !== '';
    const text = isCookie ? sent : request.field('authorization');
    if (this.#remove) this.#hide(request, plan);
    if (text === null) return this.#refuse(plan);
    const recall = isCookie ? this.#ofCookie : this.#ofField;
    const recent = recall.get(text);
    if (recent !== undefined) return this.#end(recent, plan);
    const token = isCookie ? text : bearerOf(text);
    if (token === null || token.length > MAX_LENGTH) return this.#refuse(plan);
    const known = this.#judge.known(token);
    if (known === undefined) return this.#check(token, plan);
    const bearer = bearerWith(known.result, this.#require, this.#identity);
    if (known.result !== null && !plan.isObserved) recall.put(text, bearer, known.until);
    return this.#end(bearer, plan);
  }

  #hide(request: RoutedRequest, plan: Plan): void {
    plan.drop(AUTHORIZATION);
    if (this.#cookie !== undefined) hideCookies(request, plan, this.#cookie, isWhole);
  }

  async #check(token: string, plan: Plan): Promise<Node | null> {
    try {
      const claims = await this.#judge.check(token, plan.isObserved);
      return claims === undefined ? this.#next : this.#end(bearerWith(claims, this.#require, this.#identity), plan);
    } catch (error) {
      if (!plan.isObserved) this.#context.means.warn(this.#judge.trouble, error);
      plan.fault = Fault.UNVERIFIED;
      return null;
    }
  }

  #end({ claims, fields }: Bearer, plan: Plan): Node | null {
    if (claims === null) return this.#refuse(plan);
    plan.claims = claims;
    if (fields === null) return this.#forbid(plan);
    plan.set(fields);
    return this.#next;
  }
}

/** What a token with these claims comes to, where they have to meet these conditions and tell the server who its bearer is. */
export function bearerWith(claims: Claims | null, require: ClaimConditions, identity: Identity): Bearer {
  if (claims === null) return NOBODY;
  const isEnough = claimsMeet(claims, require);
  return { claims, fields: isEnough ? identity.fieldsFor((path) => claimOf(claims, path)) : null };
}

function isWhole(rest: string): boolean {
  return rest === '';
}

const NOBODY: Bearer = { claims: null, fields: null };
const AUTHORIZATION = ['authorization'];
const MAX_LENGTH = 16_384;
