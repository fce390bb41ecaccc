import { SECTIONS } from '../api/document.ts';
import { formatParameters, parseServer } from '../lib/upstream/parameters.ts';
import { isMembers, list, text, textOf } from './answer-shape.ts';
import type { Members } from './answer-shape.ts';
import { documentsOf, nameOf } from './documents.ts';
import type { Documents } from './documents.ts';
import { EXIT } from './exit-codes.ts';
import { Failure } from './failure.ts';
import { isGraph } from './kinds.ts';
import { readNginxUpstreams } from './nginx-upstreams.ts';
import { valueOf } from './read-value.ts';

export const FORMS = ['auto', 'elb', 'nginx'] as const;
export type Form = (typeof FORMS)[number];

export interface Imported {
  readonly documents: Documents;
  /** Remarks for people. */
  readonly notes: readonly string[];
}

/**
 * Reads a configuration in one of the forms that there are: a file store, an answer of the admin API (domains, upstreams), or upstream
 * blocks of nginx. `isLenient`: what cannot be taken over is left out, and told. Throws Failure.
 */
export function imported(file: string, content: string, form: Form, isLenient: boolean): Imported {
  const isNginx = form === 'nginx' || (form === 'auto' && /(?:^|[\s;{}])upstream\s+[^\s{]+\s*\{/.test(content));
  if (!isNginx) return { documents: elbDocuments(file, content), notes: [] };
  const { documents, problems, notes } = readNginxUpstreams(content);
  if (problems.length > 0 && !isLenient) {
    throw new Failure(EXIT.usage, `${nameOf(file)} says what ELB cannot do`, {
      problems,
      next: '--lenient leaves that out',
    });
  }
  if (Object.keys(documents['upstreams'] ?? {}).length === 0) {
    throw new Failure(EXIT.usage, `${nameOf(file)} has no upstream block`, { problems });
  }
  const told = [...problems.map((one) => ({ ...one, msg: `left out: ${one.msg}` })), ...notes];
  return { documents, notes: told.map(({ at, msg }) => `${nameOf(file)}, ${at}: ${msg}`) };
}

function elbDocuments(file: string, content: string): Documents {
  const value = valueOf(file, content);
  if (!isMembers(value)) throw unknownForm(file);
  const names = Object.keys(value);
  const members = Object.values(value);
  if (names.some((name) => Object.hasOwn(SECTIONS, name)) && !members.every(isGraph)) return documentsOf(file, content);
  if (names.length > 0 && members.every(isGraph)) return { domains: value };
  const upstreams = Object.entries(value).map(([name, servers]) => [name, serversOf(servers)] as const);
  if (names.length === 0 || upstreams.some(([, servers]) => servers === null)) throw unknownForm(file);
  return { upstreams: Object.fromEntries(upstreams) };
}

/** Servers with their parameters as text, or as `GET /__erulb__/upstream` tells them; null: none of both. */
function serversOf(servers: unknown): Members | null {
  if (isMembers(servers)) return Object.values(servers).every((one) => typeof one === 'string') ? servers : null;
  if (!Array.isArray(servers) || !servers.every((server) => isMembers(server) && 'addr' in server)) return null;
  const views = list({ servers }, 'servers').map((view): readonly [string, string] => {
    const name = text(view, 'name') === '' ? text(view, 'addr') : text(view, 'name');
    const words = WORDS.flatMap((word) => {
      const value = view[word];
      if (value === undefined || value === null || value === false) return [];
      return value === true
        ? [word]
        : [`${word}=${Array.isArray(value) ? value.map(textOf).join(',') : textOf(value)}`];
    });
    // What is at its default is left out.
    const server = parseServer(name, words.join(' '));
    return [name, 'problem' in server ? words.join(' ') : formatParameters(server)];
  });
  return Object.fromEntries(views);
}

const WORDS = ['weight', 'max_fails', 'fail_timeout', 'max_conns', 'priority', 'tags', 'backup', 'down', 'drain'];

function unknownForm(file: string): Failure {
  return new Failure(EXIT.usage, `${nameOf(file)} is in no form that this program reads`, {
    next: 'there are: files of a file store, answers of GET domain and GET upstream, upstream blocks of nginx (--from nginx)',
  });
}
