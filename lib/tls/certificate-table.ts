import { certificateFacts, type CertificateDocument, type CertificateFacts } from './certificate.ts';

/** A certificate in force. */
export interface Certificate extends CertificateDocument {
  readonly name: string;
  readonly facts: CertificateFacts;
}

/** Certificates by the names they are for. A look-up costs the same for one and for 100,000 of them. */
export class CertificateTable {
  readonly #byName = new Map<string, Certificate>();
  /** By `a.test` or `*.test`: those that are for it. */
  readonly #byHost = new Map<string, Certificate[]>();

  get size(): number {
    return this.#byName.size;
  }

  get(name: string): Certificate | null {
    return this.#byName.get(name) ?? null;
  }

  /** Puts one into force, or (null) takes it out. It has passed its check. */
  set(name: string, document: CertificateDocument | null): void {
    const before = this.#byName.get(name);
    if (before !== undefined) this.#unlist(before);
    this.#byName.delete(name);
    if (document === null) return;
    const { certificate: pem, key } = document;
    const certificate = { certificate: pem, key, name, facts: certificateFacts(document) };
    this.#byName.set(name, certificate);
    for (const host of certificate.facts.names) {
      const list = this.#byHost.get(host);
      if (list === undefined) this.#byHost.set(host, [certificate]);
      else list.push(certificate);
    }
  }

  /** Those for a host: of the exact name, else of the wildcard above it; one of each kind of key. */
  find(host: string, now: number): readonly Certificate[] {
    const exact = bestOf(this.#byHost.get(host), now);
    if (exact.length > 0) return exact;
    const dot = host.indexOf('.');
    return dot === -1 ? [] : bestOf(this.#byHost.get(`*${host.slice(dot)}`), now);
  }

  #unlist(certificate: Certificate): void {
    for (const host of certificate.facts.names) {
      const left = (this.#byHost.get(host) ?? []).filter((one) => one !== certificate);
      if (left.length > 0) this.#byHost.set(host, left);
      else this.#byHost.delete(host);
    }
  }
}

/** Of each kind of key the one that is good for longest; one that is out of date only where there is no other. */
function bestOf(all: readonly Certificate[] | undefined, now: number): readonly Certificate[] {
  if (all === undefined) return [];
  if (all.length === 1) return all;
  const best = new Map<string, Certificate>();
  for (const one of all) {
    const other = best.get(one.facts.keyType);
    if (other === undefined || isBetter(one, other, now)) best.set(one.facts.keyType, one);
  }
  return [...best.values()].toSorted((a, b) => (a.name < b.name ? -1 : 1));
}

function isBetter(one: Certificate, other: Certificate, now: number): boolean {
  const isGood = one.facts.notBefore <= now;
  if (isGood !== other.facts.notBefore <= now) return isGood;
  if (one.facts.notAfter !== other.facts.notAfter) return one.facts.notAfter > other.facts.notAfter;
  return one.name < other.name;
}
