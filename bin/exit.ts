import { tellFailure } from '../lib/supervisor/supervised.ts';

/** What the promise holds; or the program ends with one clear line for what cannot work from the start on. */
export async function orExit<Value>(promise: Promise<Value>, code = 1): Promise<Value> {
  try {
    return await promise;
  } catch (error) {
    const message = messageOf(error);
    process.stderr.write(`elb: ${message}\n`);
    tellFailure(message);
    process.exit(code);
  }
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** The exit code of every option that cannot be used. */
export const BAD_CONFIGURATION = 2;
