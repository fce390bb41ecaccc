import type { Plan } from '../routing/plan.ts';
import type { Affinity } from '../upstream/affinity.ts';
import type { Follower } from '../upstream/convoys.ts';
import type { Upstream } from '../upstream/upstream.ts';
import { Alarm, type AlarmOwner } from './alarm.ts';
import type { Caching } from './caching.ts';
import type { Delivery } from './delivery.ts';

/** A request that waits for the reply of another one, which asks for the same. Used again for the next request. */
export class Following implements Follower, AlarmOwner {
  readonly #delivery: Delivery;
  readonly #alarm = new Alarm(this);
  /** Null: it does not wait. */
  #caching: Caching | null = null;
  #upstream: Upstream | null = null;
  #affinity: Readonly<Affinity> | null = null;
  #plan: Plan | null = null;

  constructor(delivery: Delivery) {
    this.#delivery = delivery;
  }

  /** Begins to wait, if there is something to wait for; what is to be delivered is kept until then. False: it goes now. */
  begin(caching: Caching, upstream: Upstream, affinity: Readonly<Affinity>, plan: Plan): boolean {
    if (caching.collapseMs === 0 || !caching.follows(this)) return false;
    this.#caching = caching;
    this.#upstream = upstream;
    // Read once for each request into the same record.
    this.#affinity = { ...affinity };
    this.#plan = plan;
    this.#alarm.set(caching.collapseMs);
    return true;
  }

  leave(): void {
    if (this.#caching === null) return;
    this.#caching.unfollow(this);
    this.#alarm.cancel();
    this.#caching = null;
    this.#upstream = null;
    this.#affinity = null;
    this.#plan = null;
  }

  onReleased(): void {
    const caching = this.#caching;
    const upstream = this.#upstream;
    const plan = this.#plan;
    if (caching === null || upstream === null || plan === null) return;
    const found = caching.again();
    if (found === null) {
      if (!caching.follows(this)) this.#go();
      return;
    }
    this.leave();
    this.#delivery.request.caching = null;
    this.#delivery.serve(upstream, plan, found);
  }

  /** It has waited for long enough. */
  onAlarm(): void {
    this.#go();
  }

  #go(): void {
    const upstream = this.#upstream;
    const affinity = this.#affinity;
    const plan = this.#plan;
    this.leave();
    if (affinity !== null && plan !== null) this.#delivery.start(upstream, affinity, plan);
  }
}
