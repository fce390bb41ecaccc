import { pointerStep } from '../../core/problem.ts';
import type {
  CheckOptions,
  CommandCheckOptions,
  ConnectCheckOptions,
  GrpcCheckOptions,
  HttpCheckOptions,
  TextWanted,
} from './checks.ts';
import { countOption, percentOption } from './number.ts';
import { defineSection, type ReportProblem } from './section.ts';
import { statusesOption, statusRanges } from './status.ts';
import { milliseconds, timeOption } from './time.ts';

interface Document {
  readonly kind: 'none' | CheckOptions['kind'];
  readonly interval: string;
  readonly jitter: number;
  readonly timeout: string;
  readonly rise: number;
  readonly fall: number;
  readonly initial: 'up' | 'down';
  readonly port: number | null;
  readonly busy: 'skip' | 'check';
  readonly fail_open: number;
  readonly tls: boolean | null;
  readonly method: string;
  readonly path: string;
  readonly host: string | null;
  readonly fields: Readonly<Record<string, string>>;
  readonly status: readonly string[];
  readonly body: string | null;
  readonly body_pattern: string | null;
  readonly reuse: boolean;
  readonly send: string;
  readonly expect: string | null;
  readonly expect_pattern: string | null;
  readonly service: string;
  readonly command: string | null;
  readonly args: readonly string[];
  readonly pass_output: string | null;
  readonly fail_output: string | null;
}

const VISIBLE = {
  type: ['string', 'null'],
  default: null,
  pattern: '^[ -~]+$',
  title: 'text of visible ASCII characters',
};
const ANY_TEXT = { type: ['string', 'null'], default: null };

export const health = defineSection({
  summary: 'How servers are checked. A check is made once for the whole instance, whatever the number of workers.',
  properties: {
    kind: {
      enum: ['none', 'http', 'tcp', 'tls', 'udp', 'grpc', 'command'],
      default: 'none',
      description:
        '`http` asks for a resource, `tcp` connects, `tls` shakes hands, `udp` sends a datagram and waits for an answer, `grpc` ' +
        'asks the service `grpc.health.v1.Health`, `command` runs a program',
    },
    interval: timeOption('10s', 'from the beginning of one check to that of the next'),
    jitter: percentOption(10, 'percent of the interval by which each one may be longer or shorter'),
    timeout: timeOption('2s', 'a check that takes longer has failed'),
    rise: countOption(2, 'checks in a row that must pass until a server that is down is used again'),
    fall: countOption(2, 'checks in a row that must fail until a server is left alone'),
    initial: {
      enum: ['up', 'down'],
      default: 'up',
      description: 'whether a new server is used before its checks have told anything',
    },
    port: {
      type: ['integer', 'null'],
      minimum: 1,
      maximum: 65_535,
      default: null,
      description: "checked instead of the server's own port",
    },
    busy: {
      enum: ['skip', 'check'],
      default: 'skip',
      description:
        'whether a server that is up and has answered requests since its last check, all of them well, is spared three checks ' +
        'of four',
    },
    fail_open: percentOption(
      1,
      'percent of the servers: while fewer than these may be used, because of checks or as outliers, all of them are; 0: never',
    ),
    tls: {
      type: ['boolean', 'null'],
      default: null,
      description: '`http` and `grpc`: whether the check goes over TLS; unset: as requests do',
    },
    method: { enum: ['GET', 'HEAD', 'OPTIONS'], default: 'GET', description: '`http`: the method' },
    path: {
      type: 'string',
      pattern: '^/[!-~]*$',
      title: 'a path such as /health?deep=1',
      default: '/',
      description: '`http`: the path, with its query',
    },
    host: { ...VISIBLE, description: "`http` and `grpc`: the host that is named; unset: the server's name" },
    fields: {
      type: 'object',
      additionalProperties: { type: 'string', pattern: '^[\\t -~]*$' },
      default: {},
      description: '`http`: further fields of the request, such as `{"Authorization": "..."}`',
    },
    status: { ...statusesOption(['200-399'], '`http`: statuses that pass'), minItems: 1 },
    body: { ...ANY_TEXT, description: '`http`: text that has to be in the body, in its first 64 KiB' },
    body_pattern: { ...ANY_TEXT, description: '`http`: regular expression that has to be found in the body' },
    reuse: {
      type: 'boolean',
      default: true,
      description: '`http`: whether the connection is kept for the next check; a new one costs six times as much',
    },
    send: {
      type: 'string',
      default: '',
      description: '`tcp`, `tls` and `udp`: what is sent, each character one byte; `udp` needs it',
    },
    expect: { ...ANY_TEXT, description: '`tcp`, `tls` and `udp`: what the answer has to begin with' },
    expect_pattern: {
      ...ANY_TEXT,
      description: '`tcp`, `tls` and `udp`: regular expression that has to be found in the answer',
    },
    service: {
      type: 'string',
      maxLength: 127,
      pattern: '^[ -~]*$',
      title: 'text of visible ASCII characters',
      default: '',
      description: '`grpc`: the service that is asked about; empty: the server as a whole',
    },
    command: {
      type: ['string', 'null'],
      pattern: '^[A-Za-z0-9_][A-Za-z0-9_.-]*$',
      title: "a file's name",
      default: null,
      description:
        '`command`: a file in the directory of the option `--health-commands`, without which no command is run; it gets the ' +
        'address and the port of the server behind `args`; exit code 0 passes',
    },
    args: {
      type: 'array',
      items: { type: 'string', pattern: '^[^\\u0000]*$' },
      default: [],
      description: '`command`: arguments',
    },
    pass_output: {
      ...ANY_TEXT,
      description: '`command`: the output that passes; any other but `fail_output` says nothing',
    },
    fail_output: { ...ANY_TEXT, description: '`command`: the output that fails' },
  },
  read: readHealth,
});

/** The section, read. */
export interface HealthOptions {
  /** Null: none. */
  readonly checks: CheckOptions | null;
  /** Percent of the servers: while fewer may be used, all are. */
  readonly failOpen: number;
}

function readHealth(document: Document, problem: ReportProblem): HealthOptions {
  const { kind } = document;
  const intervalMs = milliseconds(document.interval);
  const timeoutMs = milliseconds(document.timeout);
  if (intervalMs < 100) problem('/interval', 'is less than 100ms');
  if (timeoutMs < 10) problem('/timeout', 'is less than 10ms');
  for (const [name, kinds] of Object.entries(ONLY_FOR)) {
    const isDefault = JSON.stringify(document[name as keyof Document]) === JSON.stringify(DEFAULTS[name]); // names of the document
    if (!isDefault && !kinds.includes(kind)) problem(`/${name}`, `is for kind ${kinds.join(' and ')}, not for ${kind}`);
  }
  const failOpen = document.fail_open;
  for (const name of Object.keys(document.fields)) {
    if (!FIELD_NAME.test(name)) problem(`/fields${pointerStep(name)}`, 'is not the name of a field');
    else if (FRAMING.test(name)) problem(`/fields${pointerStep(name)}`, 'is for us to say');
  }
  if (kind === 'none') return { checks: null, failOpen };
  const { jitter, rise, fall, initial, port } = document;
  const common = {
    intervalMs,
    jitter: jitter / 100,
    timeoutMs,
    rise,
    fall,
    initial,
    port,
    spareBusy: document.busy === 'skip',
  };
  return { checks: { ...common, ...readKind(kind, document, problem) }, failOpen };
}

type KindOptions = HttpCheckOptions | ConnectCheckOptions | GrpcCheckOptions | CommandCheckOptions;

function readKind(kind: CheckOptions['kind'], document: Document, problem: ReportProblem): KindOptions {
  const { tls: secure, host, method, path, reuse, send, service } = document;
  switch (kind) {
    case 'http': {
      const fields = Object.entries(document.fields);
      const body = wanted(document.body, document.body_pattern, '/body_pattern', problem);
      return { kind, secure, method, path, host, fields, statuses: statusRanges(document.status), body, reuse };
    }
    case 'tcp':
    case 'tls':
    case 'udp':
      if (kind === 'udp' && send === '') problem('/send', 'is missing: an empty datagram asks for nothing');
      return { kind, send, expect: wanted(document.expect, document.expect_pattern, '/expect_pattern', problem) };
    case 'grpc':
      return { kind, secure, host, service };
    case 'command': {
      const { command, args, pass_output: passOutput, fail_output: failOutput } = document;
      if (command === null) problem('/command', 'is missing');
      return { kind, command: command ?? '', args, passOutput, failOutput };
    }
  }
}

function wanted(text: string | null, pattern: string | null, at: string, problem: ReportProblem): TextWanted | null {
  if (pattern === null) return text === null ? null : { text, isPattern: false };
  if (text !== null) problem(at, 'cannot be said together with a plain text');
  try {
    // What servers send is nobody's word: only patterns that run in linear time.
    RegExp(pattern, LINEAR);
  } catch {
    problem(at, 'is not a regular expression that runs in linear time');
  }
  return { text: pattern, isPattern: true };
}

const FIELD_NAME = /^[A-Za-z0-9!#$%&'*+.^_`|~-]+$/;
const FRAMING = /^(?:content-length|transfer-encoding|connection|upgrade|expect|te|trailer)$/i;

/** V8's own flag. */
const LINEAR = 'l';

/** Options that mean something for some kinds only. */
const ONLY_FOR: Readonly<Record<string, readonly string[]>> = {
  tls: ['http', 'grpc'],
  host: ['http', 'grpc'],
  method: ['http'],
  path: ['http'],
  fields: ['http'],
  status: ['http'],
  body: ['http'],
  body_pattern: ['http'],
  reuse: ['http'],
  send: ['tcp', 'tls', 'udp'],
  expect: ['tcp', 'tls', 'udp'],
  expect_pattern: ['tcp', 'tls', 'udp'],
  service: ['grpc'],
  command: ['command'],
  args: ['command'],
  pass_output: ['command'],
  fail_output: ['command'],
};

const DEFAULTS: Readonly<Record<string, unknown>> = Object.fromEntries(
  Object.entries(health.schema.properties).map(([name, schema]) => [name, schema['default']]),
);
