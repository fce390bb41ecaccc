import type { Problem } from '../lib/core/problem.ts';
import { EXIT } from './exit-codes.ts';
import { Failure } from './failure.ts';

/** The failure that an answer of the admin API means. `sentToken`: whether the call had one. */
export function failureOf(status: number, body: unknown, label: string, sentToken: boolean): Failure {
  const { msg, problems } = readError(body);
  switch (status) {
    case 400:
    case 413:
      return new Failure(EXIT.refused, msg ?? 'the call was refused', {
        problems,
        next: 'nothing was changed: mend that and try again',
      });
    case 401:
      return new Failure(EXIT.denied, `${label} wants a token${sentToken ? ', and not this one' : ''}`, {
        next: 'set ELB_ADMIN_TOKEN, or give --token-file PATH, to a token of ELB_ADMIN_TOKEN or ELB_ADMIN_TOKENS of that instance',
      });
    case 403:
      return new Failure(EXIT.denied, `${label} does not take calls from this address`, {
        next: 'call from the machine itself, or let the instance run with ELB_ADMIN_ALLOW set to a network that holds this address',
      });
    case 404:
      return new Failure(EXIT.missing, msg ?? 'there is no such thing', {
        ...(msg === 'no such resource' && {
          next: `is ${label} an ELB of this version? elbctl status tells its version`,
        }),
      });
    case 405:
      return new Failure(EXIT.missing, `${label} does not know this call`, {
        next: 'is that instance as new as this program? elbctl status tells its version',
      });
    case 408:
      return new Failure(EXIT.late, msg ?? 'that has not come in time', {
        next: 'elbctl fleet tells who lags, elbctl status why; --timeout waits longer',
      });
    case 409:
      return new Failure(EXIT.conflict, 'somebody else has changed something meanwhile: nothing was changed', {
        next: 'run the command again to see what it would change now; elbctl history tells who changed what',
      });
    case 503:
      return new Failure(EXIT.unreachable, msg ?? 'the instance is not available', {
        next: 'the instance answers and its store does not, or it is starting or draining: elbctl status tells more',
      });
    default:
      return new Failure(EXIT.unexpected, `${label} answered ${String(status)}${msg === null ? '' : `: ${msg}`}`, {
        next: 'does the address lead to an ELB? Its log may tell more',
      });
  }
}

function readError(body: unknown): { readonly msg: string | null; readonly problems: readonly Problem[] } {
  if (typeof body !== 'object' || body === null) return { msg: null, problems: [] };
  const msg = 'msg' in body && typeof body.msg === 'string' ? body.msg : null;
  const problems = 'problems' in body && Array.isArray(body.problems) ? body.problems.flatMap(readProblem) : [];
  return { msg, problems: problems.length === 1 && problems[0]?.at === '' && problems[0].msg === msg ? [] : problems };
}

function readProblem(problem: unknown): readonly Problem[] {
  if (typeof problem !== 'object' || problem === null) return [];
  const at = 'at' in problem && typeof problem.at === 'string' ? problem.at : '';
  return 'msg' in problem && typeof problem.msg === 'string' ? [{ at, msg: problem.msg }] : [];
}
