import { execFile } from 'node:child_process';

/**
 * Runs the operator's program that sets and clears records of DNS: `PROGRAM set _acme-challenge.a.test VALUE`, and `clear` with
 * the same. It ends once the record is there for everybody. There is no shell. Rejects with what the program has said.
 */
export function runDnsHook(program: string, verb: 'set' | 'clear', record: string, value: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const env = { PATH: process.env['PATH'] };
    execFile(program, [verb, record, value], { timeout: HOOK_MS, killSignal: 'SIGKILL', env }, (error, out, said) => {
      if (error === null) resolve();
      else
        reject(new Error(`${program} ${verb} failed: ${(said.trim() || out.trim() || error.message).slice(0, 500)}`));
    });
  });
}

/** A zone may take minutes until it is everywhere. */
const HOOK_MS = 10 * 60_000;
