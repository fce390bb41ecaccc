/**
 * Everything that can go wrong with an exchange, as one table: who is to blame, what the client is answered, whether
 * another server may be tried, which rule was broken, and the sentence that says so.
 *
 * A fault is passed around as its code, a negative integer, so that malformed bytes cost neither an exception nor a
 * stack. `0` is "no fault" everywhere.
 */
export interface FaultRow {
  readonly code: number;
  /** Who caused it. */
  readonly by: 'client' | 'server' | 'elb';
  /** Status that answers the client; 0 where the connection is closed without an answer. */
  readonly status: number;
  /** Whether another server may be tried for the same request. */
  readonly retry: boolean;
  /** Rule that was broken: an RFC section, an advisory, or an option of ours. */
  readonly spec: string;
  readonly text: string;
}

const client = (code: number, status: number, spec: string, text: string): FaultRow => ({
  code,
  by: 'client',
  status,
  retry: false,
  spec,
  text,
});
const server = (code: number, status: number, spec: string, text: string): FaultRow => ({
  code,
  by: 'server',
  status,
  retry: true,
  spec,
  text,
});
const elb = (code: number, status: number, spec: string, text: string): FaultRow => ({
  code,
  by: 'elb',
  status,
  retry: false,
  spec,
  text,
});

export const FAULTS = {
  // Head of a request (-1 ...)
  BAD_METHOD: client(-1, 400, 'RFC 9110 9.1', 'method is not a token'),
  BAD_TARGET: client(-2, 400, 'RFC 9112 3.2', 'request target has a byte or a form that is not allowed'),
  BAD_VERSION: client(-3, 400, 'RFC 9112 2.3', 'malformed HTTP version'),
  UNSUPPORTED_VERSION: client(-4, 505, 'RFC 9110 15.6.6', 'HTTP version is neither 1.0 nor 1.1'),
  BAD_LINE_END: client(-5, 400, 'RFC 9112 2.2', 'line does not end with CR LF'),
  BAD_FIELD_NAME: client(-6, 400, 'RFC 9112 5.1', 'field name is not a token followed by a colon'),
  BAD_FIELD_VALUE: client(-7, 400, 'RFC 9110 5.5', 'field value has a control byte'),
  FOLDED_FIELD: client(-8, 400, 'RFC 9112 5.2', 'folded field line'),
  HEAD_TOO_LARGE: client(-9, 431, 'RFC 6585 5', 'head is larger than allowed'),
  TOO_MANY_FIELDS: client(-10, 431, 'RFC 6585 5', 'head has more fields than allowed'),
  TARGET_TOO_LONG: client(-11, 414, 'RFC 9110 15.5.15', 'request target is longer than allowed'),
  NO_HOST: client(-12, 400, 'RFC 9112 3.2', 'no Host field'),
  MANY_HOSTS: client(-13, 400, 'RFC 9112 3.2', 'more than one Host field'),
  BAD_HOST: client(-14, 400, 'RFC 9112 3.2', 'Host is not a host with an optional port'),
  METHOD_NOT_ALLOWED: client(-15, 501, 'RFC 9110 9.3.6', 'method is not supported by this proxy'),
  BAD_EXPECTATION: client(-16, 417, 'RFC 9110 10.1.1', 'expectation other than 100-continue'),
  TLS_TO_PLAIN_PORT: client(-17, 400, 'RFC 8446 5.1', 'TLS handshake on a port without TLS'),
  HTTP2_PREFACE: client(-18, 505, 'RFC 9113 3.4', 'HTTP/2 without negotiation'),
  BAD_PSEUDO_FIELD: client(-19, 400, 'RFC 9113 8.3', 'pseudo-fields of HTTP/2 are not those of a request'),
  BAD_H2_FIELD: client(-20, 400, 'RFC 9113 8.2', 'field that HTTP/2 does not allow'),
  // Framing and body of a request (-30 ...)
  BAD_CONTENT_LENGTH: client(-30, 400, 'RFC 9112 6.3', 'Content-Length is not one decimal number'),
  BAD_TRANSFER_ENCODING: client(-31, 400, 'RFC 9112 6.1', 'Transfer-Encoding is not exactly "chunked"'),
  LENGTH_AND_ENCODING: client(-32, 400, 'RFC 9112 6.3', 'both Content-Length and Transfer-Encoding'),
  ENCODING_IN_1_0: client(-33, 400, 'RFC 9112 6.1', 'Transfer-Encoding in an HTTP/1.0 message'),
  BAD_CHUNK: client(-34, 400, 'RFC 9112 7.1', 'malformed chunk'),
  BAD_TRAILER: client(-35, 400, 'RFC 9110 6.5.1', 'malformed or forbidden trailer field'),
  BODY_TOO_LARGE: client(-36, 413, 'RFC 9110 15.5.14', 'body is larger than allowed'),
  HEAD_TIMEOUT: client(-37, 408, 'RFC 9110 15.5.9', 'head did not arrive in time'),
  BODY_TIMEOUT: client(-38, 408, 'RFC 9110 15.5.9', 'body stopped arriving'),
  TOO_MANY_CONNECTIONS: client(-40, 429, 'option max-client-connections', 'too many connections of this client'),
  MISDIRECTED: client(-41, 421, 'RFC 9110 15.5.20', 'host has other rules of TLS than the name that was asked for'),
  NO_CLIENT_CERTIFICATE: client(-42, 400, 'docs/tls.md', 'a certificate is needed that this domain trusts'),
  CLIENT_GONE: client(-39, 0, 'RFC 9112 9.5', 'client closed the connection'),
  // Servers (-60 ...)
  CONNECT_FAILED: server(-60, 502, 'RFC 9110 15.6.3', 'server refused the connection'),
  CONNECT_TIMEOUT: server(-61, 504, 'RFC 9110 15.6.5', 'server did not accept the connection in time'),
  SERVER_CLOSED: server(-62, 502, 'RFC 9110 15.6.3', 'server closed the connection before its reply'),
  SERVER_TIMEOUT: server(-63, 504, 'RFC 9110 15.6.5', 'server did not reply in time'),
  BAD_REPLY: server(-64, 502, 'RFC 9112 4', 'malformed reply'),
  REPLY_HEAD_TOO_LARGE: server(-65, 502, 'option max-head', 'head of the reply is larger than allowed'),
  REPLY_CUT: server(-66, 502, 'RFC 9112 8', 'reply ended before its end'),
  BAD_REPLY_FRAMING: server(-67, 502, 'RFC 9112 6.3', 'length of the reply could be read two ways'),
  UNASKED_UPGRADE: server(-68, 502, 'RFC 9110 15.2.2', '101 that was not asked for'),
  TOO_MANY_INTERIM: server(-69, 502, 'RFC 9110 15.2', 'too many 1xx replies'),
  REQUEST_TIMEOUT: server(-70, 504, 'option timeouts.request', 'servers did not reply in the time that all tries have'),
  STREAM_REFUSED: server(-71, 502, 'RFC 9113 8.7', 'server did not take the request'),
  // Routing and ourselves (-90 ...)
  NO_DOMAIN: elb(-90, 404, 'spec 3', 'no domain for this host'),
  FORBIDDEN: elb(-91, 403, 'spec 3', 'graph has no edge for this request'),
  NO_SERVERNAME: elb(-92, 404, 'spec 3', 'backend without servername'),
  BAD_GRAPH: elb(-93, 400, 'spec 3', 'graph without usable init or rules'),
  BROKEN_GRAPH: elb(-94, 500, 'spec 3', 'graph cannot be used: see the log'),
  NO_SERVER: elb(-95, 502, 'spec 4', 'upstream does not exist or has no usable server'),
  NOT_READY: elb(-96, 503, 'option etcd', 'no configuration has been loaded yet'),
  NO_ROOM: elb(-100, 503, 'option max-connections', 'too many connections at this moment'),
  NO_SOCKET: elb(-101, 503, 'docs/reliability.md', 'no connection to a server can be made at this moment'),
  NO_PLACE: elb(-102, 503, 'option queue', 'all servers have as many requests as they may'),
  NO_CONTROL: elb(-103, 503, 'docs/config.md', 'the control plane cannot be asked at this moment: it is being started'),
  OVERLOADED: elb(-99, 503, 'docs/reliability.md', 'too many requests at this moment'),
  CLOSED: elb(-120, 0, 'rule close', 'graph closes the connection without an answer'),
  LAST_HOP: elb(-98, 200, 'RFC 9110 7.6.2', 'Max-Forwards is 0: this proxy answers for itself'),
  BREAKER_OPEN: elb(
    -110,
    503,
    'option breaker',
    'upstream is left alone for a while: too many of its replies failed or were slow',
  ),
  UPSTREAM_FULL: elb(-111, 503, 'option concurrency', 'upstream has as many requests as it may have at once'),
  UNVERIFIED: elb(-130, 503, 'docs/rules', 'credentials cannot be checked at this moment'),
  REMOTE_FAILED: elb(-131, 503, 'rule remote', 'the program that decides about requests has failed'),
  ROUTES_FAILED: elb(-132, 503, 'rule aggregate', 'a route that the answer is made of has failed'),
  NOT_REPEATABLE: elb(-133, 502, 'rule fallback', 'server has failed, and the request cannot be sent to another one'),
  INTERNAL: elb(-97, 500, 'RFC 9110 15.6.1', 'internal error'),
} as const satisfies Record<string, FaultRow>;

export type FaultName = keyof typeof FAULTS;

/** Codes by name: `Fault.BAD_METHOD` is -1. */
export const Fault = Object.fromEntries(Object.entries(FAULTS).map(([name, row]) => [name, row.code])) as {
  // `fromEntries` forgets the keys; they are those of the table.
  readonly [Name in FaultName]: (typeof FAULTS)[Name]['code'];
};

const names = new Map<number, FaultName>();
for (const [name, row] of Object.entries(FAULTS)) names.set(row.code, name as FaultName); // keys of FAULTS

/** Name and row of a fault's code; a code that is not in the table is a programming error and reads as INTERNAL. */
export function faultOf(code: number): FaultRow & { readonly name: FaultName } {
  const name = names.get(code) ?? 'INTERNAL';
  return { name, ...FAULTS[name] };
}
