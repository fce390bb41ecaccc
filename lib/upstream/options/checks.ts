/** How the servers of an upstream are checked: the section `health` of its options, read. Plain data: it travels between processes. */
export type CheckOptions = CheckTiming &
  CheckMeaning &
  (HttpCheckOptions | ConnectCheckOptions | GrpcCheckOptions | CommandCheckOptions);

export interface CheckTiming {
  readonly intervalMs: number;
  /** Share of the interval, 0 to 1, by which each one is longer or shorter. */
  readonly jitter: number;
  readonly timeoutMs: number;
}

export interface CheckMeaning {
  readonly rise: number;
  readonly fall: number;
  readonly initial: 'up' | 'down';
  /** Checked instead of the server's own. */
  readonly port: number | null;
  /** Whether a server that is up and answers real requests is spared checks. */
  readonly spareBusy: boolean;
}

export interface HttpCheckOptions {
  readonly kind: 'http';
  /** Null: as requests to the servers. */
  readonly secure: boolean | null;
  readonly method: string;
  readonly path: string;
  /** Null: the server's name. */
  readonly host: string | null;
  readonly fields: readonly (readonly [name: string, value: string])[];
  /** Statuses that pass, both ends included. */
  readonly statuses: readonly StatusRange[];
  /** What the body has to hold; null: anything. */
  readonly body: TextWanted | null;
  /** Whether the connection is kept from one check to the next. */
  readonly reuse: boolean;
}

/** `kind`: where connecting ends: with TCP, or with TLS; UDP has nothing to connect, and always awaits an answer. */
export interface ConnectCheckOptions {
  readonly kind: 'tcp' | 'tls' | 'udp';
  readonly send: string;
  /** What the answer has to begin with, or the pattern that has to be found in it; null: none is awaited, or (UDP) any. */
  readonly expect: TextWanted | null;
}

export interface GrpcCheckOptions {
  readonly kind: 'grpc';
  readonly secure: boolean | null;
  readonly host: string | null;
  /** Empty: the server as a whole. */
  readonly service: string;
}

export interface CommandCheckOptions {
  readonly kind: 'command';
  /** A file's name in the directory of allowed commands. */
  readonly command: string;
  readonly args: readonly string[];
  /** Output that passes and output that fails; both null: the exit code decides. */
  readonly passOutput: string | null;
  readonly failOutput: string | null;
}

export interface StatusRange {
  readonly from: number;
  readonly to: number;
}

export interface TextWanted {
  readonly text: string;
  readonly isPattern: boolean;
}
