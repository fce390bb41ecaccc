import type { ExplainRequest, Explanation } from './explanation.ts';
import type { KeptRequests, RequestFilter } from './kept-request.ts';

/** What the primary may ask a worker, beside its report. Plain data: it travels between processes. */
export type WorkerQuery =
  | { readonly kind: 'explain'; readonly request: ExplainRequest }
  | { readonly kind: 'requests'; readonly filter: RequestFilter }
  /** Replies that it keeps are not wanted: those of these URLs (`*` at the end: all that begin so; null: all) and upstreams. */
  | { readonly kind: 'forget'; readonly urls: readonly string[] | null; readonly upstreams: readonly string[] };

/** What is answered, by what was asked. */
export interface WorkerAnswers {
  readonly explain: Explanation;
  readonly requests: KeptRequests;
  /** How many replies there were. */
  readonly forget: { readonly forgotten: number };
}

export type WorkerAnswer = WorkerAnswers[keyof WorkerAnswers];

/** What a query is answered with. */
export type AnswerTo<Query extends WorkerQuery> = WorkerAnswers[Query['kind']];
