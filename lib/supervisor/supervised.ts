import { formatListenAddress, type ListenAddress, type ListenerView } from '../core/listener.ts';
import { Carrier, type SocketWrap } from '../net/carrier.ts';
import { Handover } from '../core/handover.ts';
import { PROTOCOL } from './messages.ts';
import type { FromSupervisor, History, ToSupervisor } from './messages.ts';
import { FIRST_SOCKET_FD, ROLE } from './primary-process.ts';
import type { ListeningSocket, Orders, Supervision } from './supervision.ts';

/** Whether this process was started by a supervisor to be a primary. */
export function isSupervised(): boolean {
  return process.env[ROLE.name] === ROLE.value && process.send !== undefined;
}

/** Tells the supervisor why this process ends. */
export function tellFailure(message: string): void {
  tell({ kind: 'failed', message });
}

/** Joins the supervisor that started this process. Throws an Error whose message is for an operator. */
export async function supervised(): Promise<Supervision> {
  // Our children are no primaries.
  Reflect.deleteProperty(process.env, ROLE.name);
  // A terminal and some supervisors signal the whole group: only ours decides.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGUSR2'] as const) process.on(signal, () => undefined);

  const waiting: ((orders: Orders) => void)[] = [];
  let orders: Orders | null = null;
  const order = (carryOut: (to: Orders) => void): void => {
    if (orders === null) waiting.push(carryOut);
    else carryOut(orders);
  };
  const handover = new Handover((section, key, value) => tell({ kind: 'keep', kept: { section, key, value } }));
  let sockets: readonly HeldSocket[] = [];
  let listeners: readonly ListenerView[] = [];
  const begun = Promise.withResolvers<FromSupervisor & { readonly kind: 'begin' }>();
  let history: History = { startedAt: 0, crashes: 0, lastCrash: null, upgrades: 0, lastUpgrade: null };

  process.on('message', (raw, socket) => {
    // The channel carries nothing but what a supervisor says to its primary.
    const message = raw as FromSupervisor;
    switch (message.kind) {
      case 'begin':
        ({ history, listeners } = message);
        sockets = message.listen.map((address, i) => held(address, Carrier.of(FIRST_SOCKET_FD + i, address.kind)));
        void tell({ kind: 'begun' });
        for (const { section, key, value } of message.kept) handover.section(section).receive(key, value);
        begun.resolve(message);
        break;
      case 'kept':
        handover.section(message.kept.section).receive(message.kept.key, message.kept.value);
        break;
      case 'history':
        ({ history } = message);
        break;
      case 'listeners':
        ({ listeners } = message);
        break;
      case 'listen': {
        const { address } = message;
        // One comes with every such message.
        const carrier = Carrier.arrived(socket as unknown as SocketWrap);
        sockets = [...sockets, held(address, carrier)];
        order((to) => to.listen(address, carrier));
        break;
      }
      case 'unlisten': {
        const { address } = message;
        const isMeant = (one: ListeningSocket): boolean =>
          formatListenAddress(one.address) === formatListenAddress(address);
        const gone = sockets.filter(isMeant);
        sockets = sockets.filter((one) => !isMeant(one));
        order((to) => {
          to.unlisten(address);
          for (const { close } of gone) close();
        });
        break;
      }
      case 'serve':
        order((to) => to.serve());
        break;
      case 'reread':
        order((to) => to.reread());
        break;
      case 'drain':
        order((to) => to.drain(message.succeeded));
        break;
    }
  });
  // The supervisor is gone, and nobody would start another primary.
  process.on('disconnect', () => order((to) => to.drain(false)));

  const { protocol, generation, directory, succeeds } = await begun.promise;
  if (protocol !== PROTOCOL) throw new Error('this version needs a restart: the supervisor is of another one');
  return {
    generation,
    directory,
    get sockets() {
      return sockets;
    },
    get listeners() {
      return listeners;
    },
    succeeds,
    handover,
    get history() {
      return history;
    },
    obey: (to) => {
      orders = to;
      for (const carryOut of waiting.splice(0)) carryOut(to);
    },
    prepared: () => void tell({ kind: 'prepared' }),
    serving: () => void tell({ kind: 'serving' }),
    workers: (pids) => void tell({ kind: 'workers', pids }),
    failed: tellFailure,
    closeListeners: () => {
      for (const { close } of sockets) close();
      sockets = [];
    },
  };
}

/** A socket to listen on, and what lets go of it here. */
interface HeldSocket extends ListeningSocket {
  readonly close: () => void;
}

function held(address: ListenAddress, carrier: Carrier): HeldSocket {
  return { address, fd: carrier.fd, close: () => carrier.close() };
}

/** Resolves once the message is out of this process's hands, or nobody is there to take it. */
function tell(message: ToSupervisor): Promise<void> {
  return new Promise((resolve) => {
    if (process.send === undefined || !process.connected) resolve();
    else process.send(message, undefined, undefined, () => resolve());
  });
}
