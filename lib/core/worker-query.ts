import type { ExplainRequest, Explanation } from './explanation.ts';

/** What the primary may ask a worker, beside its report. Plain data: it travels between processes. */
export type WorkerQuery = { readonly kind: 'explain'; readonly request: ExplainRequest };

/** What is answered, by what was asked. */
export interface WorkerAnswers {
  readonly explain: Explanation;
}

export type WorkerAnswer = WorkerAnswers[keyof WorkerAnswers];

/** What a query is answered with. */
export type AnswerTo<Query extends WorkerQuery> = WorkerAnswers[Query['kind']];
