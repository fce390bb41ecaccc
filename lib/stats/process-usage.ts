/** What a process uses of its machine. */
export interface Usage {
  readonly pid: number;
  readonly rssBytes: number;
  readonly heapBytes: number;
  /** Time on the processor since the last look, user and system, in seconds. */
  readonly cpuSeconds: number;
}

/** Looks at its own process. */
export class ProcessUsage {
  #cpu = process.cpuUsage();

  take(): Usage {
    const { user, system } = process.cpuUsage(this.#cpu);
    this.#cpu = process.cpuUsage();
    const { rss, heapUsed } = process.memoryUsage();
    return { pid: process.pid, rssBytes: rss, heapBytes: heapUsed, cpuSeconds: (user + system) / 1e6 };
  }
}
