/** What the program ends with: scripts tell by it what happened. */
export const EXIT = {
  ok: 0,
  no: 1,
  usage: 2,
  refused: 3,
  missing: 4,
  denied: 5,
  unreachable: 6,
  conflict: 7,
  late: 8,
  unexpected: 9,
  interrupted: 130,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** What they mean, for the help and the documents. */
export const EXIT_MEANINGS: Readonly<Record<keyof typeof EXIT, string>> = {
  ok: 'done',
  no: 'the answer is no: `diff` found differences, a question was answered with no, an instance lags or is not ready',
  usage: 'options or arguments cannot be used, or a file cannot be read; nothing was asked of anybody',
  refused: 'the change or the question was refused, with everything that is wrong with it; nothing was changed',
  missing: 'what was named is not there; nothing was changed',
  denied: 'a token is needed, is not the right one, or this address may not ask',
  unreachable: 'nobody answers, or the store behind the instance does not',
  conflict: 'somebody else has changed something meanwhile; nothing was changed',
  late: 'what was waited for has not come in time',
  unexpected: 'the answer is none that this program understands',
  interrupted: 'interrupted (Ctrl-C)',
};
