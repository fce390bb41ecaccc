import { balancers } from './balance/index.ts';
import type { TableChange } from './change.ts';
import { Calls } from './call/calls.ts';
import { CidrList } from './core/cidr.ts';
import { monotonicMs } from './core/clock.ts';
import type { AccessLogSetup } from './core/config.ts';
import type { Limits } from './core/limits.ts';
import type { BoundListener, ListenAddress } from './core/listener.ts';
import type { Log } from './core/log.ts';
import type { WorkerAnswer, WorkerQuery } from './core/worker-query.ts';
import { USUAL_TLS, type TlsSetup } from './core/tls-setup.ts';
import type { TraceSetup } from './core/trace-setup.ts';
import { Wheel } from './core/wheel.ts';
import { YoungCollector } from './core/young-collector.ts';
import { Context } from './exchange/context.ts';
import { Doors } from './exchange/doors.ts';
import { Drain } from './exchange/drain.ts';
import { workerMeans, type CountedTogether } from './exchange/worker-means.ts';
import { Explainer } from './exchange/explainer.ts';
import { forgetKept } from './exchange/forget-kept.ts';
import { Identities } from './exchange/identities.ts';
import { Reception } from './exchange/reception.ts';
import { ListenerSet, type Accept } from './net/listener-set.ts';
import { ClientCount } from './overload/client-count.ts';
import { mostClients } from './overload/descriptors.ts';
import { Overload } from './overload/overload.ts';
import { TlsServer } from './tls/tls-server.ts';
import { DomainTable } from './routing/domain-table.ts';
import type { Rule } from './routing/rule.ts';
import { States } from './routing/states.ts';
import { TableFiller } from './routing/table-filler.ts';
import { Observing } from './stats/observing.ts';
import { ProcessUsage } from './stats/process-usage.ts';
import type { ReportPiece, WorkerReport } from './stats/report.ts';
import { DEFAULT_OPTIONS, openOptions } from './upstream/options/index.ts';
import { reportUpstreams } from './upstream/report-upstreams.ts';
import type { UpstreamReport } from './upstream/server-report.ts';
import { USUAL_PARAMETERS } from './upstream/server-spec.ts';
import { Server } from './upstream/server.ts';
import type { HealthNews, WorkerSightings } from './upstream/server-health.ts';
import { Sightings } from './upstream/sightings.ts';
import { trustedBy } from './upstream/tls-client.ts';
import { Upstream } from './upstream/upstream.ts';
import { Upstreams } from './upstream/upstreams.ts';

export interface DataPlaneOptions extends CountedTogether {
  readonly limits: Limits;
  readonly drainMs: number;
  readonly listeners: readonly BoundListener[];
  readonly trustedProxies: readonly string[];
  /** Path of the Unix socket where the control plane answers `/__erulb__/`. */
  readonly adminSocket: string;
  /** Whether requests are counted for `report`. */
  readonly metrics: boolean;
  readonly accessLog: AccessLogSetup | null;
  /** How many requests are remembered; 0: none. */
  readonly recentRequests?: number;
  /** Whether servers are sent `X-Request-Id`. */
  readonly requestId: boolean;
  readonly tracing?: TraceSetup | null;
  /** TLS towards clients; missing: as the options say. */
  readonly tls?: TlsSetup;
  readonly statsd: { readonly host: string; readonly port: number; readonly prefix: string } | null;
  /** Certificates that servers' are checked against, PEM or a path; null: those of the machine. */
  readonly serverCa: string | null;
  readonly rules: ReadonlyMap<string, Rule>;
  /** Tells the primary what was seen of servers at work; without it nobody is told. */
  readonly tell?: (sightings: WorkerSightings) => void;
  /** Has the other workers forget the replies that they keep of these URIs. */
  readonly forget?: (uris: readonly string[]) => void;
  /** Called once, when the first whole table is in force. */
  readonly onReady?: () => void;
  /** Number of workers that share what an upstream may have as a whole; 1 if unset. */
  readonly workers?: number;
  readonly log: Log;
  /** From 0 to 1: where balancers begin, and what they draw. */
  readonly random?: () => number;
}

/** A worker's data plane, put together: listeners, exchanges, the table of domains and the upstreams. */
export class DataPlane {
  readonly #options: DataPlaneOptions;
  readonly #context: Context;
  readonly #listeners: ListenerSet;
  readonly #observing: Observing;
  readonly #usage = new ProcessUsage();
  readonly #overload: Overload;
  readonly #tls: TlsServer;
  readonly #reception: Reception;
  readonly #calls: Calls;
  readonly #young = new YoungCollector();
  readonly #domains: TableFiller;
  /** Shared graphs, which domains' graphs include. */
  readonly #shared: TableFiller;
  /** What the first table will probably be made of beside domains. */
  readonly #drafted: TableChange[] = [];
  #reportedClients = 0;
  #isListening = false;

  constructor(options: DataPlaneOptions) {
    const { limits, log } = options;
    const wheel = new Wheel();
    this.#options = options;
    this.#tls = new TlsServer(options.tls ?? USUAL_TLS, () => this.#context.http2 !== null);
    this.#observing = new Observing(options);
    const { counterOf, observer } = this.#observing;
    const { requestId: requestIds, tracing = null } = options;
    this.#context = new Context({
      limits,
      wheel,
      table: new DomainTable(),
      upstreams: new Upstreams({
        wheel,
        balancers,
        limits,
        serverCa: options.serverCa,
        random: options.random ?? Math.random,
        ...(options.tell !== undefined && { sightings: new Sightings(wheel, options.tell) }),
        workers: options.workers ?? 1,
        ...(options.forget !== undefined && { forget: options.forget }),
        ...(counterOf !== null && { counterOf }),
      }),
      admin: controlPlane(options.adminSocket, wheel),
      observer,
      identities: requestIds || tracing !== null ? new Identities({ requestIds, tracing }) : null,
      trusted: new CidrList(options.trustedProxies),
      tls: this.#tls.rules,
      challenges: this.#tls.challenges,
    });
    this.#calls = new Calls(() => trustedBy(options.serverCa));
    const graphs = new DomainTable();
    const means = workerMeans({ ...this.#context.shared, graphs, caller: this.#calls, log }, options);
    const world = { rules: options.rules, means, states: new States(), young: this.#young };
    this.#domains = new TableFiller(this.#context.shared.table, world);
    this.#shared = new TableFiller(graphs, world);
    const { maxConnections, maxClientConnections } = limits;
    const most = mostClients(maxConnections, log);
    const doors = new Doors({
      context: this.#context,
      maxConnections: most,
      clientCount: maxClientConnections === 0 ? null : new ClientCount(maxClientConnections),
    });
    this.#context.doors = doors;
    this.#context.http2 = doors;
    this.#reception = new Reception(this.#context, doors, (hello, listen) => this.#tls.choose(hello, listen), most);
    const accept: Accept = (accepted, address) => this.#reception.accept(accepted, address);
    this.#listeners = new ListenerSet(accept, log, options.drainMs);
    for (const bound of options.listeners) this.#listeners.open(bound);
    this.#overload = new Overload({
      log,
      maxWaitMs: limits.maxWaitMs,
      setGate: (gate) => {
        this.#context.gate = gate;
      },
      setShort: (isShort) => {
        doors.closed = isShort;
        this.#context.shedding = isShort;
      },
      relieve: () => doors.relieve(),
    });
    wheel.start();
  }

  /** News of the servers' health. */
  learn(news: HealthNews): void {
    this.#context.shared.upstreams.learn(news);
  }

  /** Something was written to these URIs by way of another worker. */
  forget(uris: readonly string[]): void {
    this.#context.shared.upstreams.caches.learn(uris);
  }

  /** What the first table will probably be made of is made ready, and not in force. */
  draft(changes: readonly TableChange[]): void {
    for (const change of changes)
      if (change.kind !== 'domain' || !this.#domains.draft(change.name, change.document)) this.#drafted.push(change);
  }

  /** Puts changes into force, all at once. `whole`: what is not in the table does not exist. `onDraft`: behind what was drafted. */
  apply(changes: readonly TableChange[], whole: boolean, onDraft = false): void {
    const drafted = onDraft || whole ? this.#drafted.splice(0) : [];
    if (onDraft || whole) this.#domains.endDraft(onDraft);
    for (const change of onDraft ? [...drafted, ...changes] : changes) this.#put(change);
    if (whole && !this.#context.ready) {
      this.#domains.openSome();
      this.#context.ready = true;
      this.#options.onReady?.();
    }
    if (!this.#isListening) return;
    this.#young.made(changes.length);
    this.#watchLoad();
  }

  async listen(): Promise<void> {
    await this.#listeners.listen();
    this.#isListening = true;
    this.#watchLoad();
  }

  /** A socket to listen on as well. */
  open(bound: BoundListener): void {
    this.#listeners.open(bound);
  }

  shut(address: ListenAddress): void {
    this.#listeners.shut(address);
  }

  rename(from: ListenAddress, to: ListenAddress): void {
    this.#listeners.rename(from, to);
  }

  /** Not before there is something to serve: a first table that takes its time to be put into force is no load of clients'. */
  #watchLoad(): void {
    if (this.#context.ready) this.#overload.start();
  }

  /** Accepts nothing more and finishes what is under way; resolves when that is done or after `drainMs`. */
  async drain(): Promise<void> {
    const context = this.#context;
    const { drainMs } = this.#options;
    const end = monotonicMs() + drainMs;
    const drain = new Drain(drainMs);
    context.drain = drain;
    for (const client of context.clients.now()) client.drain(drain);
    await this.#listeners.drain();
    await this.#emptied(end - monotonicMs());
    this.#reception.close();
    for (const client of context.clients.now()) client.destroy();
    context.shared.upstreams.close();
    await this.#calls.close();
    context.shared.wheel.stop();
    this.#overload.stop();
    await this.#observing.stop();
  }

  /** What happened since the last report, for the primary to add up. */
  report(): WorkerReport {
    const { accepted, clients } = this.#context;
    const newClients = accepted - this.#reportedClients;
    this.#reportedClients = accepted;
    return {
      clients: clients.size,
      newClients,
      ...this.#observing.report(),
      greetings: this.#reception.takeCounts(),
      usage: this.#usage.take(),
      load: this.#overload.report(),
    };
  }

  /** At most so many things of the last report that it left out; null: there are none left. */
  moreOfReport(most: number): ReportPiece | null {
    return this.#observing.moreOfReport(most);
  }

  /** What an operator wants to know. */
  answer(query: WorkerQuery): Promise<WorkerAnswer> {
    switch (query.kind) {
      case 'explain':
        return new Explainer(this.#context).explain(query.request);
      case 'forget':
        return Promise.resolve(forgetKept(this.#context.shared.upstreams.caches, query));
      case 'requests':
        return Promise.resolve(this.#observing.find(query.filter));
    }
  }

  /** What there is to tell of upstreams and servers, or of one upstream, piece by piece. */
  servers(upstream: string | null): Generator<readonly UpstreamReport[], void> {
    const { upstreams, wheel } = this.#context.shared;
    return reportUpstreams(upstreams.each(upstream), () => wheel.now);
  }

  /** Log files were moved away. */
  reopen(): void {
    this.#observing.reopen();
  }

  #put(change: TableChange): void {
    const { upstreams } = this.#context.shared;
    switch (change.kind) {
      case 'domain':
        this.#domains.put(change.name, change.document);
        break;
      case 'graph':
        this.#shared.put(change.name, change.document);
        break;
      case 'bad-domain':
        this.#domains.putBad(change.name, change.fault);
        break;
      case 'upstream':
        if (change.servers === null) upstreams.delete(change.name);
        else upstreams.set(change.name, change.servers);
        break;
      case 'certificate':
      case 'challenge':
      case 'tickets':
      case 'tls':
        this.#tls.apply(change);
        break;
      case 'options':
        upstreams.configure(change.name, change.document === null ? null : openOptions(JSON.parse(change.document)));
        break;
    }
  }

  /** Resolves when no client is left, or after `ms`. */
  #emptied(ms: number): Promise<void> {
    const context = this.#context;
    const { promise, resolve } = Promise.withResolvers<void>();
    const bound = setTimeout(resolve, ms);
    context.onEmpty(resolve);
    return promise.finally(() => clearTimeout(bound));
  }
}

/** The control plane as an upstream of one server: admin requests take the way of every other request. */
function controlPlane(path: string, wheel: Wheel): Upstream {
  const upstream = new Upstream('control plane', { wheel, balancers, random: Math.random }, DEFAULT_OPTIONS, null);
  const spec = { ...USUAL_PARAMETERS, name: path, host: '', port: 0, maxFails: 0 };
  upstream.replace([new Server(spec, { host: '', port: 0, path, secure: false }, wheel, ADMIN_IDLE_MS)]);
  return upstream;
}

/** Shorter than the idle time of the control plane's own server. */
const ADMIN_IDLE_MS = 2000;
