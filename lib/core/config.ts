import { accessSync, constants, readFileSync, statSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import type { Limits } from './limits.ts';
import type { ListenAddress } from './listener.ts';
import { Refusal, type EtcdEndpoints, type NamedToken } from './option-kinds.ts';
import type { Option } from './option.ts';
import { OPTIONS, type OptionKey, type OptionValues } from './options.ts';
import type { OwnSlice } from './own-slice.ts';
import { usualStateDirectory } from './state-directory.ts';
import { acmeSetup, type AcmeSetup } from './acme-setup.ts';
import { tlsSetup, type TlsSetup } from './tls-setup.ts';
import { traceSetup, type TraceReceivers, type TraceSetup } from './trace-setup.ts';

/** How to reach etcd. Contents of the files, not their paths. */
export interface EtcdAccess {
  /** With scheme: `http://127.0.0.1:2379`. All have the same. */
  readonly endpoints: readonly string[];
  readonly username: string | null;
  readonly password: string | null;
  readonly ca: Buffer | null;
  readonly cert: Buffer | null;
  readonly key: Buffer | null;
}

/** Plain data: it travels between processes. */
export interface AccessLogSetup {
  /** Null for standard output. */
  readonly path: string | null;
  /** As the operator wrote it: `logFormat` reads it. */
  readonly format: string;
  /** Share of the requests, 0 to 1. */
  readonly sample: number;
}

/** What ELB was told on its command line and in its environment, checked and complete. */
export interface Config {
  readonly name: string;
  readonly store:
    { readonly kind: 'etcd'; readonly etcd: EtcdAccess } | { readonly kind: 'file'; readonly path: string };
  /** Directory for what outlives the process; null: there is no usual one. */
  readonly state: string | null;
  /** File of the snapshot, or `off`; null: in the state directory. */
  readonly snapshot: string | null;
  /** How often what is known is compared with the store; 0: never. */
  readonly reconcileMs: number;
  /** Most nodes of a graph. */
  readonly maxNodes: number;
  readonly listen: readonly ListenAddress[];
  readonly listenFile: string | null;
  /** One that cannot be bound at the start is tried again; else the start fails. */
  readonly listenAgain: boolean;
  /** Nobody said where to listen. */
  readonly listensByDefault: boolean;
  readonly workers: number;
  readonly trustedProxies: readonly string[];
  /** Certificates that servers' are checked against, in PEM; null: those of the machine. */
  readonly serverCa: string | null;
  /** Where all instances count together; null: nowhere. */
  readonly redis: string | null;
  /** DNS servers for the names of servers; null: as the machine resolves names. */
  readonly resolver: readonly string[] | null;
  readonly statsd: { readonly host: string; readonly port: number } | null;
  /** Whether requests are counted. */
  readonly metrics: boolean;
  /** Where metrics are told beside the admin API. */
  readonly metricsListen: readonly ListenAddress[];
  readonly accessLog: AccessLogSetup | null;
  /** How many requests a worker remembers; 0: none. */
  readonly recentRequests: number;
  /** Whether servers are sent `X-Request-Id`. */
  readonly requestId: boolean;
  readonly ownSlice: OwnSlice;
  /** Null: nothing is traced. */
  readonly tracing: TraceSetup | null;
  readonly traceReceivers: TraceReceivers;
  /** Directory of the programs that health checks may run. */
  readonly healthCommands: string | null;
  readonly logLevel: string;
  readonly drainMs: number;
  /** How long a new program may take until it can serve. */
  readonly upgradeMs: number;
  readonly admin: {
    readonly allow: readonly string[];
    readonly hosts: readonly string[];
    readonly probes: readonly string[];
    readonly tokens: readonly NamedToken[];
  };
  /** Number of recorded transactions that are kept; 0: none. */
  readonly history: number;
  readonly limits: Limits;
  readonly tls: TlsSetup;
  /** Null: no certificate is ordered. */
  readonly acme: AcmeSetup | null;
  /** Directory of certificates; null: none. */
  readonly certs: string | null;
  /** What keys in the store are sealed with, the first; all open. None: they are in clear. */
  readonly secrets: readonly string[];
}

export type ConfigResult =
  | { readonly kind: 'run'; readonly config: Config }
  | { readonly kind: 'help' }
  | { readonly kind: 'version' }
  /** One line for each thing that is wrong. */
  | { readonly kind: 'refused'; readonly problems: readonly string[] };

/** Reads the command line and the environment. Everything that is wrong is reported, not only the first. */
export function readConfig(args: readonly string[], env: Readonly<Record<string, string | undefined>>): ConfigResult {
  const problems: string[] = [];
  const line = readArgs(args, problems);
  if (line.help) return { kind: 'help' };
  if (line.version) return { kind: 'version' };
  const values = readValues(line.flags, env, problems);
  const listensByDefault = sourceOf(OPTIONS.listen, line.flags, env)?.label === 'default';
  const config = { ...assemble(values, env, problems), listensByDefault };
  return problems.length > 0 ? { kind: 'refused', problems } : { kind: 'run', config };
}

interface CommandLine {
  readonly help: boolean;
  readonly version: boolean;
  readonly flags: ReadonlyMap<string, string>;
}

function readArgs(args: readonly string[], problems: string[]): CommandLine {
  const rows = new Map<string, Option<unknown>>();
  for (const option of Object.values(OPTIONS)) if (option.flag !== null) rows.set(option.flag, option);
  const known = Object.fromEntries([...rows.keys()].map((flag) => [flag, { type: 'string' as const }]));
  const { tokens } = parseArgs({
    args: [...args],
    options: { ...known, help: { type: 'boolean', short: 'h' }, version: { type: 'boolean', short: 'v' } },
    strict: false,
    tokens: true,
  });
  const flags = new Map<string, string>();
  let help = false;
  let version = false;
  for (const token of tokens) {
    if (token.kind === 'positional') problems.push(`unexpected argument ${quote(token.value)}`);
    if (token.kind !== 'option') continue;
    const option = rows.get(token.name);
    if (token.name === 'help') help = true;
    else if (token.name === 'version') version = true;
    else if (option === undefined) problems.push(`unknown option ${token.rawName}; elb --help lists them`);
    else if (token.value === undefined || (!token.inlineValue && token.value.startsWith('--'))) {
      problems.push(`${token.rawName} needs a value: ${token.rawName} ${option.kind.placeholder}`);
    } else {
      const before = flags.get(token.name);
      if (before !== undefined && !option.kind.list) problems.push(`${token.rawName} is given more than once`);
      flags.set(token.name, before !== undefined && option.kind.list ? `${before},${token.value}` : token.value);
    }
  }
  return { help, version, flags };
}

function readValues(
  flags: ReadonlyMap<string, string>,
  env: Readonly<Record<string, string | undefined>>,
  problems: string[],
): OptionValues {
  const values: Partial<Record<OptionKey, unknown>> = {};
  for (const [key, option] of Object.entries(OPTIONS)) {
    const source = sourceOf(option, flags, env);
    const value = source === null ? null : option.kind.parse(source.text);
    if (value instanceof Refusal)
      problems.push(`${source?.label ?? key} must be ${value.expected}, not ${shown(option, source?.text ?? '')}`);
    values[key as OptionKey] = value instanceof Refusal ? null : value; // keys of OPTIONS
  }
  return values as OptionValues; // every key was visited, every value parsed by its own kind
}

function sourceOf(
  option: Option<unknown>,
  flags: ReadonlyMap<string, string>,
  env: Readonly<Record<string, string | undefined>>,
): { readonly label: string; readonly text: string } | null {
  const flag = option.flag === null ? undefined : flags.get(option.flag);
  if (flag !== undefined) return { label: `--${option.flag ?? ''}`, text: flag };
  for (const name of option.env) {
    const text = env[name];
    if (text !== undefined && text !== '') return { label: name, text };
  }
  return option.fallback === null ? null : { label: 'default', text: option.fallback };
}

/** Values that passed become a configuration. What is null although it has a default was refused, and reported, before. */
function assemble(
  values: OptionValues,
  env: Readonly<Record<string, string | undefined>>,
  problems: string[],
): Omit<Config, 'listensByDefault'> {
  return {
    name: values.name ?? '',
    store: values.file === null ? etcdStore(values, problems) : fileStore(values.file, problems),
    state: values.state ?? usualStateDirectory(env, process.getuid?.() === 0),
    snapshot: values.snapshot,
    reconcileMs: values.reconcileMs ?? 0,
    maxNodes: values.maxNodes ?? 0,
    listen: values.listen ?? [],
    listenFile: values.listenFile,
    listenAgain: values.listenFailure === 'retry',
    workers: values.workers ?? availableParallelism(),
    trustedProxies: values.trustedProxies ?? [],
    redis: values.redis,
    serverCa: readPem('ELB_SERVER_CA', values.serverCa, problems)?.toString() ?? null,
    resolver: values.resolver,
    statsd: values.statsd,
    metrics: values.metrics === 'on',
    metricsListen: values.metricsListen ?? [],
    accessLog: accessLog(values),
    recentRequests: values.recentRequests ?? 0,
    requestId: values.requestId === 'on',
    ownSlice: values.ownSlice ?? 'auto',
    tracing: traceSetup(values),
    traceReceivers: { otlp: values.traceOtlp, zipkin: values.traceZipkin },
    healthCommands: directory('--health-commands (ELB_HEALTH_COMMANDS)', values.healthCommands, problems),
    logLevel: values.logLevel ?? 'info',
    drainMs: values.drainMs ?? 0,
    upgradeMs: values.upgradeMs ?? 0,
    admin: {
      allow: values.adminAllow ?? [],
      hosts: values.adminHosts ?? [],
      probes: values.healthAllow ?? [],
      tokens: [
        ...(values.adminToken === null ? [] : [{ name: 'token', token: values.adminToken }]),
        ...(values.adminTokens ?? []),
      ],
    },
    history: values.history ?? 0,
    tls: tlsSetup(values, problems),
    acme: acmeSetup(values, problems),
    certs: directory('--certs (ELB_CERTS)', values.certs, problems),
    secrets: values.secrets ?? [],
    limits: {
      maxHeadBytes: values.maxHeadBytes ?? 0,
      maxFields: values.maxFields ?? 0,
      maxBodyBytes: values.maxBodyBytes ?? 0,
      maxReplayBytes: values.maxReplayBytes ?? 0,
      headMs: values.headMs ?? 0,
      bodyIdleMs: values.bodyIdleMs ?? 0,
      sendMs: values.sendMs ?? 0,
      connectMs: values.connectMs ?? 0,
      readMs: values.readMs ?? 0,
      keepAliveMs: values.keepAliveMs ?? 0,
      serverKeepAliveMs: values.serverKeepAliveMs ?? 0,
      tunnelIdleMs: values.tunnelIdleMs ?? 0,
      halfCloseMs: values.halfCloseMs ?? 0,
      maxConnections: values.maxConnections ?? 0,
      maxClientConnections: values.maxClientConnections ?? 0,
      maxStreams: values.maxStreams ?? 0,
      maxWaitMs: values.maxWaitMs ?? 0,
    },
  };
}

function accessLog({ accessLog: path, accessLogFormat, accessLogSample }: OptionValues): AccessLogSetup | null {
  if (path === null) return null;
  return { path: path === 'stdout' ? null : path, format: accessLogFormat ?? '', sample: accessLogSample ?? 0 };
}

/** The file has to be there: a mistyped path must not become a balancer without any domain. */
function fileStore(path: string, problems: string[]): Config['store'] {
  try {
    if (statSync(path).isFile()) accessSync(path, constants.R_OK);
    else problems.push(`--file (ELB_FILE): ${quote(path)} is not a file`);
  } catch (error) {
    problems.push(
      `--file (ELB_FILE): cannot read ${quote(path)}: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
  return { kind: 'file', path };
}

/** Nothing of it is read before a check names it, so what is wrong with it should be said now. */
function directory(label: string, path: string | null, problems: string[]): string | null {
  if (path === null || statSync(path, { throwIfNoEntry: false })?.isDirectory() === true) return path;
  problems.push(`${label}: ${quote(path)} is not a directory`);
  return null;
}

function etcdStore(values: OptionValues, problems: string[]): Config['store'] {
  const single = `${bracketed(values.etcdHost ?? '')}:${String(values.etcdPort ?? 0)}`;
  const members: EtcdEndpoints = values.etcd ?? { hosts: [single], scheme: null };
  const ca = readPem('ETCD_CA', values.etcdCa, problems);
  const cert = readPem('ETCD_CERT', values.etcdCert, problems);
  const key = readPem('ETCD_KEY', values.etcdKey, problems);
  if (values.etcdCert !== null && values.etcdKey === null) problems.push('ETCD_CERT needs ETCD_KEY');
  if (values.etcdKey !== null && values.etcdCert === null) problems.push('ETCD_KEY needs ETCD_CERT');
  if (values.etcdPassword !== null && values.etcdUsername === null) problems.push('ETCD_PASSWORD needs ETCD_USERNAME');
  if (values.etcdUsername !== null && values.etcdPassword === null) problems.push('ETCD_USERNAME needs ETCD_PASSWORD');
  const wantsTls = values.etcdCa !== null || values.etcdCert !== null;
  if (wantsTls && members.scheme === 'http') problems.push('ETCD_CA and ETCD_CERT need etcd members with https://');
  const scheme = members.scheme ?? (wantsTls ? 'https' : 'http');
  const endpoints = members.hosts.map((host) => `${scheme}://${host}`);
  const { etcdUsername: username, etcdPassword: password } = values;
  return { kind: 'etcd', etcd: { endpoints, username, password, ca, cert, key } };
}

function readPem(name: string, path: string | null, problems: string[]): Buffer | null {
  if (path === null) return null;
  try {
    const bytes = readFileSync(path);
    if (bytes.includes('-----BEGIN ')) return bytes;
    problems.push(`${name}: ${quote(path)} is not a PEM file`);
  } catch (error) {
    problems.push(`${name}: cannot read ${quote(path)}: ${error instanceof Error ? error.message : String(error)}`);
  }
  return null;
}

function bracketed(host: string): string {
  return host.includes(':') && !host.startsWith('[') ? `[${host}]` : host;
}

/** Values of options without a flag may be secrets and are not repeated. */
function shown(option: Option<unknown>, text: string): string {
  return option === OPTIONS.etcdPassword ||
    option === OPTIONS.adminToken ||
    option === OPTIONS.adminTokens ||
    option === OPTIONS.secrets ||
    option === OPTIONS.acmeEabKey
    ? 'what it is'
    : quote(text);
}

/** One line, whatever the text holds. */
function quote(text: string): string {
  return JSON.stringify(text.length > 200 ? `${text.slice(0, 200)}...` : text);
}
