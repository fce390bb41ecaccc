import type { HealthOptions } from '../upstream/options/health.ts';
import type { Check, CheckPlace, CheckTls } from './check.ts';
import { CommandCheck } from './command-check.ts';
import { ConnectCheck } from './connect-check.ts';
import { GrpcCheck } from './grpc-check.ts';
import { HttpCheck } from './http-check.ts';
import { Verdict } from './check.ts';

/** What checks need besides their options. */
export interface CheckMeans {
  /** Whether requests go to the servers over TLS, and how TLS is to be spoken with a server. */
  readonly secure: boolean;
  readonly tls: CheckTls;
  /** Directory of the commands that may be run; null: none may. */
  readonly commands: string | null;
}

/** The check that the options describe. */
export function makeCheck(options: HealthOptions, place: CheckPlace, means: CheckMeans): Check {
  switch (options.kind) {
    case 'http':
      return new HttpCheck(options, place, (options.secure ?? means.secure) ? means.tls : null);
    case 'tcp':
      return new ConnectCheck(options, place, null);
    case 'tls':
      return new ConnectCheck(options, place, means.tls);
    case 'grpc':
      return new GrpcCheck(options, place, (options.secure ?? means.secure) ? means.tls : null);
    case 'command':
      return means.commands === null ? NOT_PERMITTED : new CommandCheck(options, place, means.commands);
  }
}

/** A command where none may be run says nothing about the server, and never less than that. */
const NOT_PERMITTED: Check = {
  begin: (owner) =>
    setImmediate(() => owner.onChecked(Verdict.NONE, 'commands are not permitted: see option health-commands')),
  abandon: () => undefined,
  close: () => undefined,
};
