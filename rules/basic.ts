import { isAbsolute } from 'node:path';
import { basicOf, type UserPassword } from '../lib/auth/credentials.ts';
import { hasher, HasherBusy } from '../lib/auth/hasher.ts';
import { hashKind } from '../lib/auth/hash-kind.ts';
import { Recall } from '../lib/auth/recall.ts';
import { UserFile, type Users } from '../lib/auth/users.ts';
import { Verified } from '../lib/auth/verified.ts';
import { Fault } from '../lib/core/faults.ts';
import { pointerStep } from '../lib/core/problem.ts';
import type { Plan } from '../lib/routing/plan.ts';
import { defineRule, type Node } from '../lib/routing/rule.ts';
import { clientOf, fieldsProperty, Identity, type FieldsArg, type NamedClient } from './identity.ts';
import { REFUSAL_PROPERTIES, refusalOf, type RefusalArgs } from './refusal.ts';
import { readTime, timeProperty } from './time-value.ts';

interface Args extends RefusalArgs {
  readonly users?: Readonly<Record<string, string>>;
  readonly file?: string;
  readonly fields?: FieldsArg;
  readonly remove?: boolean;
  readonly cache?: string;
}

/**
 * Lets in clients that know a user's password (HTTP Basic, RFC 7617), and goes on to `next`.
 *
 *     {"type": "basic", "args": {"file": "/etc/elb/htpasswd", "realm": "staff", "fields": {"X-User": "user"}, "next": "intranet"}}
 *     {"type": "basic", "args": {"users": {"ann": "$2b$10$IAv7Cl8pwFvIgHqAsZSuH.2G1mzjNfw1bXv9P8ZgSfd5D4nHXCVCu"}, "next": "web", "denied": "guests"}}
 *
 * Passwords are kept as hashes only: bcrypt (`htpasswd -B`), Argon2 (`$argon2id$v=19$...`), SHA-crypt (`$5$`, `$6$`), Apache's MD5 (`$apr1$`)
 * or `{SHA}`. `file` is read
 * again when it changes; a user that is gone from it is out at once. Hashing is done beside the thread that serves requests, one password
 * after the other; a pair that was right is remembered for `cache` (by a keyed digest, not as it is), one that was wrong for ten
 * seconds at most. Where too many wait to be hashed, and where the file cannot be read, the answer is 503: nobody is let in unchecked.
 *
 * Others go to `denied`; without it they are answered 401 and told the `realm`. The server gets no Authorization field unless `remove` is
 * false; `fields` say who the client is. Templates and limits know the user as `claim.sub`.
 */
export const basic = defineRule<Args>({
  type: 'basic',
  summary: 'Lets in clients with a password.',
  args: {
    properties: {
      users: {
        type: 'object',
        additionalProperties: { type: 'string' },
        description: 'hashes of passwords by user',
      },
      file: { type: 'string', description: 'absolute path of an `htpasswd` file, instead of `users`' },
      fields: fieldsProperty('`user`, the only source,'),
      remove: {
        type: 'boolean',
        default: true,
        description: 'whether the server does not get the Authorization field',
      },
      cache: timeProperty('how long a right password is remembered; `0s`: not at all', '5m'),
      ...REFUSAL_PROPERTIES,
    },
    additionalProperties: false,
  },
  edges: ['next', 'denied'],
  compile(args, context) {
    const { users, file, fields = {}, remove = true, cache = '5m' } = args;
    const { problem } = context;
    if ((users === undefined) === (file === undefined)) problem('', 'has to have either users or file');
    if (file !== undefined && !isAbsolute(file)) problem('/file', 'is not an absolute path');
    for (const [name, hash] of Object.entries(users ?? {})) {
      if (hashKind(hash) === null)
        problem(`/users${pointerStep(name)}`, 'is not a hash of bcrypt, Argon2, SHA-crypt, apr1 or {SHA}');
      if (name.includes(':'))
        problem(`/users${pointerStep(name)}`, 'has a colon in its name, which no client can send');
    }
    for (const [name, source] of Object.entries(fields))
      if (source !== 'user') problem(`/fields${pointerStep(name)}`, 'is not user');
    const goodMs = readTime(cache, '/cache', problem);
    const identity = new Identity(fields, problem);
    const refuse = refusalOf(args, 'Basic charset="UTF-8"', context);
    const next = context.edge('next');
    const inline: Users = new Map(Object.entries(users ?? {}));
    const source = file === undefined ? null : context.state('users', file, () => new UserFile(file));
    const verified = context.state('basic', null, () => new Verified<boolean>());
    const recall = new Recall<KnownUser>(context.means.coarseNow);

    return (request, plan) => {
      identity.strip(plan);
      const field = request.field('authorization');
      if (remove) plan.drop(AUTHORIZATION);
      if (field === null) return refuse(plan);
      const known = source === null ? inline : source.fresh(context.means.coarseNow());
      const recent = recall.get(field);
      // A user whose password is another one now, or who is gone, is not known by the old one.
      if (recent !== undefined && known !== null && known.get(recent.client.claims.sub) === recent.hash)
        return enter(recent.client, plan);
      const given = basicOf(field);
      if (given === null) return refuse(plan);
      const { user, password } = given;
      const hash = known?.get(user);
      const entry = known === null ? undefined : verified.entry(verified.key(user, password, hash ?? ''));
      if (entry === undefined) return check(given, plan);
      const client = entry.result ? clientOf(user, identity) : null;
      if (client === null) return refuse(plan);
      if (hash !== undefined) recall.put(field, { client, hash }, entry.until);
      return enter(client, plan);
    };

    function enter({ fields: told, claims }: NamedClient, plan: Plan): Node {
      plan.set(told);
      plan.claims = claims;
      return next;
    }

    async function check({ user, password }: UserPassword, plan: Plan): Promise<Node | null> {
      try {
        const present = source === null ? inline : await source.users();
        const hash = present.get(user);
        const key = verified.key(user, password, hash ?? '');
        const fits = await verified.find(key, async () => {
          // A user that is not there takes as long as one that is.
          const right = await hasher.fits(password, hash ?? anyOf(present));
          const result = right && hash !== undefined;
          return { result, forMs: result ? goodMs : Math.min(goodMs, WRONG_MS) };
        });
        const client = fits ? clientOf(user, identity) : null;
        return client === null ? refuse(plan) : enter(client, plan);
      } catch (error) {
        if (!(error instanceof HasherBusy)) context.means.warn('passwords cannot be checked', error);
        plan.fault = Fault.UNVERIFIED;
        return null;
      }
    }
  },
});

/** A client that was let in, and the hash that its password had then. */
interface KnownUser {
  readonly client: NamedClient;
  readonly hash: string;
}

function anyOf(users: Users): string {
  for (const hash of users.values()) return hash;
  return '';
}

const AUTHORIZATION = ['authorization'];
const WRONG_MS = 10_000;
