import { Fault } from '../core/faults.ts';
import type { Server } from '../upstream/server.ts';
import type { Waiting, WaitQueue } from '../upstream/wait-queue.ts';
import { Alarm, type AlarmOwner } from './alarm.ts';
import type { DeliveryOwner } from './delivery-owner.ts';
import type { Tries } from './tries.ts';

/** Whose request waits. */
export interface PlaceUser {
  begin(server: Server): void;
}

/** A request's place in the queue of its upstream. Used again for the next request. */
export class Place implements Waiting, AlarmOwner {
  waitingSince = 0;
  readonly #tries: Tries;
  readonly #user: PlaceUser;
  readonly #owner: DeliveryOwner;
  readonly #alarm = new Alarm(this);
  #queue: WaitQueue | null = null;

  constructor(tries: Tries, user: PlaceUser, owner: DeliveryOwner) {
    this.#tries = tries;
    this.#user = user;
    this.#owner = owner;
  }

  /** Begins to wait; false where nobody may, or it would be in vain. */
  wait(): boolean {
    const { upstream } = this.#tries;
    if (upstream === null || !upstream.isCrowded) return false;
    this.#queue = upstream.queue;
    if (!upstream.queue.enter(this)) return false;
    this.#alarm.set(upstream.queue.options.timeoutMs);
    return true;
  }

  leave(): void {
    if (this.#queue === null) return;
    this.#queue.leave(this);
    this.#alarm.cancel();
    this.#queue = null;
  }

  onPlace(): boolean {
    const server = this.#tries.next();
    if (server === null) return false;
    this.leave();
    this.#user.begin(server);
    return true;
  }

  onDropped(): void {
    this.leave();
    this.#owner.onUndelivered(Fault.NO_PLACE);
  }

  onAlarm(): void {
    this.onDropped();
  }
}
