import type { DeliveryPolicy } from '../core/delivery-policy.ts';
import type { Limits } from '../core/limits.ts';
import { FOREVER } from '../core/wheel.ts';
import { Dialer } from './dialer.ts';
import type { HostOptions } from './options/host.ts';
import type { UpstreamOptions } from './options/index.ts';
import type { PoolBounds } from './pool.ts';
import { NAMED_HOST, SERVER_HOST } from './server.ts';
import { TlsClient } from './tls-client.ts';

/** What follows from an upstream's options for its requests and connections. */
export interface UpstreamSetup {
  readonly policy: DeliveryPolicy;
  /** What requests say in Host: null, what the client said; `SERVER_HOST`, the server's own name; `NAMED_HOST`, that or what the client said; else this. */
  readonly host: string | null;
  readonly bounds: PoolBounds;
  /** Of servers that are not named by `https://`, and of those that are. */
  readonly plain: Dialer;
  readonly secure: Dialer;
  /** What the dialers are made of: others are made only where that is different, so that connections are kept. */
  readonly dialerKey: string;
}

/** What holds where options say nothing. */
export interface SetupDefaults {
  readonly limits: Limits;
  /** Certificates that servers' are checked against, PEM or a path; null: those of the machine. */
  readonly serverCa: string | null;
}

/** `before`: the upstream's setup until now. */
export function setupOf(
  options: UpstreamOptions,
  defaults: SetupDefaults,
  before: UpstreamSetup | null,
): UpstreamSetup {
  const { connections } = options;
  return {
    policy: policyOf(options, defaults.limits),
    host: hostOf(options.host),
    bounds: {
      idleMs: connections.idleMs ?? defaults.limits.serverKeepAliveMs,
      maxIdle: connections.maxIdle,
      maxIdleTotal: connections.maxIdleTotal || FOREVER,
      maxAgeMs: connections.maxAgeMs || FOREVER,
      maxUses: connections.maxRequests || FOREVER,
    },
    ...dialersOf(options, defaults, before),
  };
}

/** How requests are delivered by these options. */
export function policyOf({ retry, timeouts, connections }: UpstreamOptions, limits: Limits): DeliveryPolicy {
  const readMs = timeouts.readMs ?? limits.readMs;
  return {
    connectMs: timeouts.connectMs ?? limits.connectMs,
    raceMs: timeouts.raceMs,
    sendMs: timeouts.sendMs ?? limits.readMs,
    firstByteMs: timeouts.firstByteMs ?? readMs,
    silenceMs: timeouts.silenceMs,
    readMs,
    requestMs: timeouts.requestMs,
    tunnelIdleMs: timeouts.tunnelMs ?? limits.tunnelIdleMs,
    tries: retry.tries,
    retryOn: retry.on,
    statuses: retry.statuses,
    nonIdempotent: retry.nonIdempotent,
    sameServer: retry.sameServer,
    tryMs: retry.tryMs,
    backoffMs: retry.backoffMs,
    maxBackoffMs: retry.maxBackoffMs,
    replayBytes: retry.replayBytes,
    hedgeMs: retry.hedgeMs,
    unsafeReuseMs: connections.unsafeReuseMs === 0 ? -1 : connections.unsafeReuseMs,
  };
}

function hostOf(host: HostOptions): string | null {
  switch (host.kind) {
    case 'client':
      return null;
    case 'server':
      return SERVER_HOST;
    case 'named':
      return NAMED_HOST;
    case 'fixed':
      return host.name;
  }
}

function dialersOf(
  { tls, connections: { proxy, via, probeAfterMs }, http }: UpstreamOptions,
  { serverCa }: SetupDefaults,
  before: UpstreamSetup | null,
): Pick<UpstreamSetup, 'plain' | 'secure' | 'dialerKey'> {
  const settings = { ...tls.settings, ca: tls.settings.ca ?? serverCa };
  const { protocol } = http;
  const way = { proxy, via, probeAfterMs, maxStreams: protocol === 'h1' ? 0 : http.maxStreams, grpcWeb: http.grpcWeb };
  const dialerKey = JSON.stringify([tls.enabled, settings, protocol, way]);
  if (dialerKey === before?.dialerKey) return { plain: before.plain, secure: before.secure, dialerKey };
  const secure = new Dialer(new TlsClient(settings), way);
  if (protocol === 'h2') return { plain: secure, secure, dialerKey };
  const plain = tls.enabled === true && protocol === 'h1' ? secure : new Dialer(null, way);
  return { plain, secure: tls.enabled === false || protocol === 'h2c' ? plain : secure, dialerKey };
}
