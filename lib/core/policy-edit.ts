import type { DeliveryPolicy } from './delivery-policy.ts';

/**
 * What a graph changes in the way that requests are delivered: some parts of the policy of whatever upstream they go to. Made when a
 * document is compiled, and shared by its requests: a request pays for a comparison, not for a record of its own.
 */
export class PolicyEdit {
  readonly parts: Partial<DeliveryPolicy>;
  readonly #edited = new WeakMap<DeliveryPolicy, DeliveryPolicy>();
  readonly #joined = new WeakMap<PolicyEdit, PolicyEdit>();

  constructor(parts: Partial<DeliveryPolicy>) {
    this.parts = parts;
  }

  /** The policy with these parts instead of its own. */
  over(policy: DeliveryPolicy): DeliveryPolicy {
    let edited = this.#edited.get(policy);
    if (edited === undefined) {
      edited = { ...policy, ...this.parts };
      this.#edited.set(policy, edited);
    }
    return edited;
  }

  /** This edit after an earlier one: of a part that both change, this one counts. */
  after(earlier: PolicyEdit | null): PolicyEdit {
    if (earlier === null) return this;
    let joined = this.#joined.get(earlier);
    if (joined === undefined) {
      joined = new PolicyEdit({ ...earlier.parts, ...this.parts });
      this.#joined.set(earlier, joined);
    }
    return joined;
  }
}
