import { FAULTS, faultOf } from '../core/faults.ts';

/** How a request ended, in a word that metrics and logs share: `ok`, or the name of its fault in lower case. */
export function endingOf(fault: number): string {
  return fault === 0 ? 'ok' : (ENDINGS.get(fault) ?? endingOf(faultOf(fault).code));
}

const ENDINGS = new Map(Object.entries(FAULTS).map(([name, { code }]) => [code as number, name.toLowerCase()]));
