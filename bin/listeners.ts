import { readFileSync } from 'node:fs';
import { inheritedSockets } from '../lib/cluster/inherited-sockets.ts';
import { Listeners, type ListenersOptions } from '../lib/cluster/listeners.ts';
import type { Config } from '../lib/core/config.ts';
import type { ListenAddress } from '../lib/core/listener.ts';
import { listenAddresses, Refusal } from '../lib/core/option-kinds.ts';
import { BAD_CONFIGURATION, messageOf, orExit } from './exit.ts';

/** Every address to serve: the sockets this process has inherited, and what the configuration names beside them. */
export async function openListeners(config: Config, options: ListenersOptions): Promise<Listeners> {
  const inherited = inheritedSockets(process.env);
  // They are meant for this process, not for its children (sd_listen_fds(3)).
  for (const name of ['LISTEN_PID', 'LISTEN_FDS', 'LISTEN_FDNAMES']) Reflect.deleteProperty(process.env, name);
  const listeners = new Listeners(options, inherited);
  const asked = await orExit(Promise.try(askedFor, config, listeners.hasInherited), BAD_CONFIGURATION);
  await listeners.start(asked, config.listenAgain);
  return listeners;
}

/** Reads the file of addresses again, where there is one, and tries those that have failed. A file that cannot be used changes nothing. */
export async function rereadListeners(config: Config, listeners: Listeners, { log }: ListenersOptions): Promise<void> {
  try {
    await listeners.change(askedFor(config, listeners.hasInherited));
  } catch (error) {
    log.error({ reason: messageOf(error) }, 'the addresses to listen at stay as they are');
  }
}

/** Where nobody says where to listen, there is a usual address, unless there is another one already. */
function askedFor({ listen, listensByDefault, listenFile }: Config, hasOthers: boolean): readonly ListenAddress[] {
  if (listenFile !== null) return [...(listensByDefault ? [] : listen), ...readAddresses(listenFile)];
  return listensByDefault && hasOthers ? [] : listen;
}

/** Throws an Error whose message is for an operator. */
function readAddresses(path: string): readonly ListenAddress[] {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    throw new Error(`--listen-file: ${messageOf(error)}`, { cause: error });
  }
  return text.split('\n').flatMap((line, i) => {
    const asked = line.replace(/#.*/, '').trim();
    if (asked === '') return [];
    const addresses = listenAddresses.parse(asked);
    if (addresses instanceof Refusal)
      throw new Error(`--listen-file: ${path}:${String(i + 1)}: must be ${addresses.expected}, not "${asked}"`);
    return addresses;
  });
}
