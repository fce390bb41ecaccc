import { isIP } from 'node:net';
import { checkServerIdentity, type ConnectionOptions, type SecureContext } from 'node:tls';
import type { CheckOptions } from '../upstream/options/checks.ts';
import { UNIX } from '../upstream/server-name.ts';
import type { ForwardProxy } from '../net/tunnel-socket.ts';
import { secureContextOf, type TlsSettings } from '../upstream/tls-client.ts';
import { Verdict, type Check, type CheckPlace, type KeptLines } from './check.ts';
import { CommandCheck } from './command-check.ts';
import { ConnectCheck } from './connect-check.ts';
import type { Glances } from './glances.ts';
import { GrpcCheck } from './grpc-check.ts';
import { HttpCheck } from './http-check.ts';
import { UdpCheck } from './udp-check.ts';

/** What checks need besides their options. */
export interface CheckMeans {
  /** Whether requests go to the servers over TLS, and how TLS is to be spoken with them. */
  readonly secure: boolean;
  readonly tls: TlsSettings;
  /** What each connection begins with, as that of a check and not of a client (PROXY protocol, `UNKNOWN` and `LOCAL`); or empty. */
  readonly greeting: string;
  /** What connections go through; null: nothing. */
  readonly via: ForwardProxy | null;
  /** Directory of the commands that may be run; null: none may. */
  readonly commands: string | null;
  readonly kept: KeptLines;
  readonly glances: Glances;
}

/** The check that the options describe. */
export function makeCheck(options: CheckOptions, place: CheckPlace, means: CheckMeans): Check {
  try {
    return make(options, place, means);
  } catch (error) {
    // Certificates of ours that cannot be read.
    return silent(error instanceof Error ? error.message : String(error));
  }
}

function make(options: CheckOptions, place: CheckPlace, means: CheckMeans): Check {
  const { secure, tls, greeting, commands } = means;
  switch (options.kind) {
    case 'http':
      return new HttpCheck(options, place, (options.secure ?? secure) ? tlsOf(tls, place) : null, means);
    case 'tcp':
      return new ConnectCheck(options, place, null, greeting);
    case 'tls':
      return new ConnectCheck(options, place, tlsOf(tls, place), greeting);
    case 'udp':
      if (place.host.startsWith(UNIX)) return silent('a Unix socket has no UDP port');
      return new UdpCheck(options, place);
    case 'grpc':
      return new GrpcCheck(options, place, (options.secure ?? secure) ? tlsOf(tls, place) : null);
    case 'command':
      if (commands === null) return silent('commands are not permitted: see the option --health-commands');
      return new CommandCheck(options, place, commands);
  }
}

/** The name of a server is checked as requests to it check it. */
function tlsOf(settings: TlsSettings, place: CheckPlace): ConnectionOptions {
  const name = settings.serverName ?? place.name;
  return {
    servername: isIP(name) === 0 ? name : '',
    checkServerIdentity: (_name, certificate) => checkServerIdentity(name, certificate),
    rejectUnauthorized: settings.verify,
    secureContext: contextOf(settings),
  };
}

/** One for all servers of an upstream: each costs half a megabyte. */
function contextOf(settings: TlsSettings): SecureContext {
  let context = contexts.get(settings);
  if (context === undefined) {
    context = secureContextOf(settings);
    contexts.set(settings, context);
  }
  return context;
}

const contexts = new WeakMap<TlsSettings, SecureContext>();

/** What cannot be checked says nothing about its server. */
function silent(reason: string): Check {
  let turn: NodeJS.Immediate | undefined;
  return {
    begin: (owner) => {
      turn = setImmediate(() => owner.onChecked(Verdict.NONE, reason));
    },
    abandon: () => clearImmediate(turn),
    close: () => clearImmediate(turn),
  };
}
