import { token } from './token.ts';

/** One place where something is wrong with what was sent. */
export interface Problem {
  /** JSON pointer. */
  readonly at: string;
  readonly msg: string;
}

export interface Reply {
  readonly body: unknown;
  /** Entity tag, with its quotes. */
  readonly tag: string | null;
}

export interface Question {
  readonly query?: Readonly<Record<string, string | number | boolean | null | undefined>>;
  /** JSON text. */
  readonly body?: string;
  readonly ifMatch?: string | null;
  readonly signal?: AbortSignal;
}

/** What the admin API refused, or (status 0) that it could not be reached. */
export class Refused extends Error {
  readonly status: number;
  readonly problems: readonly Problem[];
  readonly body: Readonly<Record<string, unknown>>;

  constructor(status: number, body: Readonly<Record<string, unknown>>) {
    super(typeof body['msg'] === 'string' ? body['msg'] : `the answer was ${String(status)}`);
    this.status = status;
    this.body = body;
    // The shape of every error of the API.
    this.problems = Array.isArray(body['problems']) ? (body['problems'] as Problem[]) : [];
  }
}

/** Asks the admin API, with the token where there is one. Throws `Refused`. */
export async function ask(method: string, resource: string, question: Question = {}): Promise<Reply> {
  const given = Object.entries(question.query ?? {}).filter(
    ([, value]) => value !== null && value !== undefined && value !== false,
  );
  const query = new URLSearchParams(given.map(([name, value]) => [name, value === true ? '1' : String(value)]));
  const url = `/__erulb__/${resource}${given.length > 0 ? `?${query.toString()}` : ''}`;
  for (;;) {
    const used = token.value;
    const response = await send(url, method, question, used);
    if (response.status !== 401) return read(response);
    // Several calls may fail for it at once: one of them asks.
    await token.wanted(used);
  }
}

export async function get(resource: string, query: Question['query'] = {}, signal?: AbortSignal): Promise<unknown> {
  const { body } = await ask('GET', resource, { query, ...(signal && { signal }) });
  return body;
}

async function send(url: string, method: string, question: Question, used: string | null): Promise<Response> {
  const headers = new Headers();
  if (used !== null) headers.set('Authorization', `Bearer ${used}`);
  if (question.ifMatch) headers.set('If-Match', question.ifMatch);
  if (question.body !== undefined) headers.set('Content-Type', 'application/json');
  try {
    return await fetch(url, {
      method,
      headers,
      // What the browser knows of a login is not ours, and it would ask for one by itself.
      credentials: 'omit',
      cache: 'no-store',
      ...(question.body !== undefined && { body: question.body }),
      ...(question.signal && { signal: question.signal }),
    });
  } catch (error) {
    if (question.signal?.aborted) throw error;
    throw new Refused(0, { msg: 'ELB does not answer' });
  }
}

async function read(response: Response): Promise<Reply> {
  const text = await response.text();
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch {
    throw new Refused(response.status, { msg: `the answer ${String(response.status)} was not JSON` });
  }
  // The API answers objects and, where it does not, nobody looks into them by name.
  if (!response.ok) throw new Refused(response.status, body as Record<string, unknown>);
  return { body, tag: response.headers.get('ETag') };
}
