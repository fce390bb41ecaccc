import type {
  CertificateControl,
  Caller,
  ChangeControl,
  Control,
  FleetControl,
  ServerControl,
  WorkersControl,
} from '../lib/control.ts';
import type { StatsFilter, StatsView } from '../lib/core/stat-view.ts';
import type { StatusBoard } from '../lib/core/status-board.ts';
import type { Problem, Rule } from '../lib/routing/rule.ts';
import type { Parameters, ParameterValues } from './parameters.ts';

/** The parts of the program that resources ask. */
export interface AdminParts {
  readonly control: Control;
  readonly changes: ChangeControl;
  readonly fleet: FleetControl;
  readonly certificates: CertificateControl;
  readonly status: StatusBoard;
  readonly metrics: MetricsSource;
  readonly workers: WorkersControl;
  readonly stats: StatsSource;
  readonly servers: ServerControl;
  /** Node types by name. */
  readonly rules: ReadonlyMap<string, Rule>;
}

export interface Page {
  /** Content-Type. */
  readonly type: string;
  /** Bytes are good until the next part is asked for. */
  readonly parts: Iterable<string> | AsyncIterable<Uint8Array>;
  /** For ETag: of the page, which a client may keep and ask for again by it; missing: nobody keeps it. */
  readonly tag?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Where metrics come from: all that has happened until now, in the best form for an `Accept` field. */
export interface MetricsSource {
  page(accept: string | undefined): Promise<Page>;
  /** How often each edge of a domain was walked; none where there is no such domain. */
  edges(domain: string): Promise<readonly EdgeHits[]>;
}

/** How often an edge of a node was walked; both are empty for the step into the graph. */
export interface EdgeHits {
  readonly node: string;
  readonly edge: string;
  readonly hits: number;
}

/** Where rates and times of the last minutes come from. */
export interface StatsSource {
  stats(filter: StatsFilter): Promise<StatsView>;
}

/** A call of the admin API, allowed, with its query and its body parsed. */
export interface AdminRequest<Some extends Parameters = Parameters> extends AdminParts {
  readonly by: Caller;
  /** Entity tags of If-Match; null: none was asked for. */
  readonly ifMatch: readonly string[] | null;
  readonly query: ParameterValues<Some>;
  /** What forms of an answer the client takes. */
  readonly accept: string | undefined;
  /** What follows the resource's name in the path, without its slash; empty: nothing. */
  readonly part: string;
  /** The JSON body; undefined where the method takes none. */
  readonly body: unknown;
}

export interface JsonAnswer {
  readonly status: 200;
  readonly body: unknown;
  /** For ETag: of the documents that are shown. */
  readonly tag?: string;
  /** For `Elb-Revision`: of the store, that the answer speaks of. */
  readonly revision?: number;
}

/** Success is always 200, because the predecessor's client takes anything else for an error. */
export type AdminAnswer =
  /** Something other than JSON, sent part by part. */
  | { readonly status: 200; readonly page: Page }
  | JsonAnswer
  | {
      readonly status: 400 | 404 | 408 | 409 | 503;
      readonly msg: string;
      readonly problems?: readonly Problem[];
      /** Further members of the answer. */
      readonly more?: Readonly<Record<string, unknown>>;
    };

export interface AdminMethod {
  readonly takesBody: boolean;
  /** None: a query is refused. */
  readonly parameters?: Parameters;
  handle(request: AdminRequest): AdminAnswer | Promise<AdminAnswer>;
}

/** Methods a resource may answer. HEAD comes with GET. */
export type AdminMethodName = 'GET' | 'PUT' | 'POST' | 'DELETE';

/** Something under `/__erulb__/`: one file each, listed in `index.ts`. */
export interface Resource {
  readonly name: string;
  /** Also answers networks that may ask for nothing else. */
  readonly forProbes?: true;
  /** Whether its path may go on: `/__erulb__/name/part`. */
  readonly hasParts?: true;
  /** Also answers those who know no token, from where one may call: it tells nothing but what everybody knows. */
  readonly withoutToken?: true;
  readonly methods: Readonly<Partial<Record<AdminMethodName, AdminMethod>>>;
}

export function defineResource(resource: Resource): Resource {
  return resource;
}

/** A method with parameters, whose handler gets them as what they mean. */
export function defineMethod<Some extends Parameters>(method: {
  readonly takesBody: boolean;
  readonly parameters: Some;
  handle(request: AdminRequest<Some>): AdminAnswer | Promise<AdminAnswer>;
}): AdminMethod {
  return method;
}

export const OK: AdminAnswer = { status: 200, body: { msg: 'OK' } };

export function refuse(msg: string, problems: readonly Problem[]): AdminAnswer {
  return { status: 400, msg, problems };
}

/** A JSON pointer (RFC 6901) of its parts. */
export function pointer(...parts: readonly (string | number)[]): string {
  return parts.map((part) => `/${String(part).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');
}
