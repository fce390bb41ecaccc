import { filePath, text as anyText } from '../../lib/core/option-kinds.ts';
import { inner, isMembers, membersOf, own } from '../answer-shape.ts';
import type { Members } from '../answer-shape.ts';
import { defineCommand } from '../command.ts';
import { readFileText, STDIN } from '../documents.ts';
import { EXIT } from '../exit-codes.ts';
import type { ExitCode } from '../exit-codes.ts';
import { Failure } from '../failure.ts';
import { argument, called, optionalArgument, optionalRest, setting, toggle } from '../inputs.ts';
import type { FlagValues } from '../inputs.ts';
import { isGraphKind, kindName, KINDS, SECTION_OF } from '../kinds.ts';
import type { Kind } from '../kinds.ts';
import { makeChange } from '../make-change.ts';
import { readValue } from '../read-value.ts';
import type { Session } from '../session.ts';
import { CHANGE_FLAGS } from '../shared-flags.ts';

/** Puts documents: new ones, or others in the place of those that are there. */
export const put = defineCommand({
  name: 'put',
  summary: 'Put domains, shared graphs, upstreams, options, TLS or certificates',
  description: `Puts documents, each in the place of the one that has its name. With --file and without a name the file is an object of names and documents, as
\`elbctl get KIND -o yaml\` writes it; with a name it is that one's document. Servers and options may also stand on the command line:
\`HOST:PORT PARAMETER ...\` as one argument for a server, \`NAME.NAME=VALUE\` for an option; a certificate may be two files in PEM, the chain and the key.`,
  positionals: {
    kind: argument(
      kindName,
      'what: `domain`, `graph` (one that graphs of domains include), `upstream`, `option`, `tls` (what domains want of it) or `cert`',
      KINDS,
    ),
    name: optionalArgument(called('NAME', anyText), 'name of the document', 'document'),
    values: optionalRest('VALUE', 'servers of an upstream, options, or the files of a certificate'),
  },
  flags: {
    file: setting(filePath, 'YAML or JSON file with the document or the documents; `-`: standard input', {
      short: 'f',
      completes: 'file',
    }),
    merge: toggle('keep the servers or options that are there and not named'),
    ...CHANGE_FLAGS,
  },
  examples: [
    { line: "elbctl put upstream web 10.0.0.1:80 '10.0.0.2:80 weight=2'", does: 'an upstream of two servers' },
    { line: 'elbctl put upstream web 10.0.0.3:80 --merge', does: 'one server more' },
    {
      line: 'elbctl put option web balance.algorithm=least-conn retry.tries=2 --merge',
      does: 'two options, and all others as they are',
    },
    { line: 'elbctl put cert shop fullchain.pem privkey.pem', does: 'a certificate with its key' },
    { line: 'elbctl put domain shop.example.com -f shop.yaml', does: 'a graph from a file' },
    { line: 'elbctl put graph signed-in -f signed-in.yaml', does: 'one that others include' },
  ],
  async run(session, { kind, name, values }, flags) {
    const documents = await read(session, kind, name, values, flags.file);
    if (flags.merge) return merge(session, kind, documents, flags);
    const call = { method: 'PUT', resource: kind, body: documents } as const;
    return makeChange(session, { call, tagOf: kind, question: null }, flags);
  },
});

async function read(
  session: Session,
  kind: Kind,
  name: string | null,
  values: readonly string[],
  file: string | null,
): Promise<Members> {
  if (file !== null) {
    if (values.length > 0)
      throw new Failure(EXIT.usage, 'the document stands in the file or on the command line, not in both');
    const value = await readValue(session, file);
    if (name !== null) return Object.fromEntries([[name, value]]);
    if (isMembers(value)) return value;
    throw new Failure(
      EXIT.usage,
      `${file === STDIN ? 'standard input' : file} is not an object of names and documents`,
    );
  }
  if (name === null || isGraphKind(kind) || values.length === 0) {
    throw new Failure(EXIT.usage, `what is to be put is missing`, {
      next: isGraphKind(kind) ? 'give --file PATH' : `give --file PATH, or a name and its ${INLINE[kind]}`,
    });
  }
  const document =
    kind === 'cert'
      ? await certificateOf(session, values)
      : kind === 'upstream'
        ? serversOf(values)
        : optionsOf(values);
  return Object.fromEntries([[name, document]]);
}

/** What may stand on the command line. */
const INLINE = {
  upstream: 'servers',
  option: 'options',
  tls: 'options',
  cert: 'files: the chain and the key',
} as const;

/** The chain and the key, each in a file of its own. */
async function certificateOf(session: Session, files: readonly string[]): Promise<Members> {
  const [chain, key] = files;
  if (chain === undefined || key === undefined || files.length > 2) {
    throw new Failure(EXIT.usage, 'a certificate is two files in PEM, the chain and the key');
  }
  return { certificate: await readFileText(session, chain), key: await readFileText(session, key) };
}

/** `10.0.0.1:80 weight=2` is a server with its parameters. */
function serversOf(values: readonly string[]): Members {
  const servers = values.map((value): [string, string] => {
    const [server = '', ...parameters] = value.trim().split(/\s+/);
    return [server, parameters.join(' ')];
  });
  const twice = servers.find(([server], i) => servers.findIndex(([other]) => other === server) !== i);
  if (twice !== undefined) throw new Failure(EXIT.usage, `${twice[0]} is named twice`);
  const loose = servers.find(([server]) => /^\w+=|^(?:backup|down|drain)$/.test(server));
  if (loose !== undefined) {
    throw new Failure(EXIT.usage, `${JSON.stringify(loose[0])} is a parameter without a server`, {
      next: "a server and its parameters are one argument: '10.0.0.1:80 weight=2'",
    });
  }
  return Object.fromEntries(servers);
}

/** `balance.algorithm=random` is an option of a section. A value is JSON where it can be, else text. */
function optionsOf(values: readonly string[]): Members {
  const options: Node = new Map();
  for (const value of values) {
    const [, path, text] = /^([^=]+)=(.*)$/s.exec(value) ?? [];
    if (path === undefined || text === undefined) {
      throw new Failure(EXIT.usage, `${JSON.stringify(value)} is not NAME.NAME=VALUE`);
    }
    const steps = path.split('.');
    let place = options;
    for (const step of steps.slice(0, -1)) {
      const next = place.get(step);
      const child: Node = next instanceof Map ? next : new Map();
      place.set(step, child);
      place = child;
    }
    place.set(steps.at(-1) ?? '', valueOf(text));
  }
  return membersOf(plain(options), 'options');
}

type Node = Map<string, unknown>;

/** Maps as objects, so that any name is just a name. */
function plain(value: unknown): unknown {
  if (!(value instanceof Map)) return value;
  return Object.fromEntries(Array.from(value, ([name, member]) => [String(name), plain(member)]));
}

function valueOf(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}

/** Puts what is there, and over it what is meant to be put: if it is still there as it was read, else nothing. */
async function merge(
  session: Session,
  kind: Kind,
  documents: Members,
  flags: FlagValues<typeof CHANGE_FLAGS>,
): Promise<ExitCode> {
  if (isGraphKind(kind) || kind === 'cert') {
    throw new Failure(EXIT.usage, 'graphs and certificates are put as a whole: --merge is for all others');
  }
  const section = SECTION_OF[kind];
  const { body, tag } = await (await session.api()).call({ method: 'GET', resource: 'document' });
  const there = inner(membersOf(body, 'documents'), section);
  const merged = Object.entries(documents).map(([name, document]) => [name, over(own(there, name), document)]);
  const call = {
    method: 'PUT',
    resource: 'document',
    body: Object.fromEntries([[section, Object.fromEntries(merged)]]),
  } as const;
  return makeChange(session, { call, tagOf: 'document', tag, question: null }, flags);
}

function over(before: unknown, after: unknown): unknown {
  if (!isMembers(before) || !isMembers(after)) return after;
  const names = new Set([...Object.keys(before), ...Object.keys(after)]);
  return Object.fromEntries(
    Array.from(names, (name) => [
      name,
      Object.hasOwn(after, name) ? over(own(before, name), after[name]) : before[name],
    ]),
  );
}
