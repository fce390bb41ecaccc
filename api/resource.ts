import type { Control } from '../lib/control.ts';
import type { Problem } from '../lib/routing/rule.ts';

/** A call of the admin API, allowed and with its body parsed. */
export interface AdminRequest {
  readonly control: Control;
  /** The JSON body; undefined where the method takes none. */
  readonly body: unknown;
}

/** Success is always 200, because the predecessor's client takes anything else for an error. */
export type AdminAnswer =
  | { readonly status: 200; readonly body: unknown }
  | { readonly status: 400 | 503; readonly msg: string; readonly problems?: readonly Problem[] };

export interface AdminMethod {
  readonly takesBody: boolean;
  handle(request: AdminRequest): AdminAnswer | Promise<AdminAnswer>;
}

/** Methods a resource may answer. HEAD comes with GET. */
export type AdminMethodName = 'GET' | 'PUT' | 'POST' | 'DELETE';

/** Something under `/__erulb__/`: one file each, listed in `index.ts`. */
export interface Resource {
  readonly name: string;
  readonly methods: Readonly<Partial<Record<AdminMethodName, AdminMethod>>>;
}

export function defineResource(resource: Resource): Resource {
  return resource;
}

export const OK: AdminAnswer = { status: 200, body: { msg: 'OK' } };

export function refuse(msg: string, problems: readonly Problem[]): AdminAnswer {
  return { status: 400, msg, problems };
}

/** A JSON pointer (RFC 6901) of its parts. */
export function pointer(...parts: readonly (string | number)[]): string {
  return parts.map((part) => `/${String(part).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');
}
