import { Known, type Head } from '../http/head.ts';
import type { Plan } from '../routing/plan.ts';
import type { Client } from './client.ts';

/** Says to a client that waits for a word of the server (RFC 9110 10.1.1) that it may go on, and keeps it from the server then. */
export function meetExpectation(head: Head, client: Client, plan: Plan): void {
  if ((head.seen & (1 << Known.EXPECT)) === 0 || head.minor === 0 || plan.dropFields.includes('expect')) return;
  client.connection.writeText('HTTP/1.1 100 Continue\r\n\r\n');
  plan.drop(EXPECTATION);
}

const EXPECTATION: readonly string[] = ['expect'];
