import { getHeapStatistics } from 'node:v8';

/** The part of a heap that is in use. */
export type HeapUse = () => number;

/**
 * Notices that a process runs out of heap before it ends by that. What is in use holds garbage too, and most of it may be; so
 * it is short if the heap stays nearly full over several looks, with collections between them, or is as good as full.
 */
export class Memory {
  short = false;
  readonly #use: HeapUse;
  readonly #looks: number[] = [];

  constructor(use: HeapUse = heapUse) {
    this.#use = use;
  }

  /** One look; whether it is short now. To be called once a second. */
  look(): boolean {
    const use = this.#use();
    this.#looks.push(use);
    if (this.#looks.length > LOOKS) this.#looks.shift();
    const least = this.#looks.length < LOOKS ? 0 : Math.min(...this.#looks);
    if (this.short) this.short = use > ENOUGH || least > ENOUGH;
    else this.short = use > FULL || least > NEARLY_FULL;
    return this.short;
  }
}

function heapUse(): number {
  const { used_heap_size: used, heap_size_limit: limit } = getHeapStatistics();
  return used / limit;
}

const LOOKS = 5;
const ENOUGH = 0.75;
const NEARLY_FULL = 0.85;
const FULL = 0.95;
