// Loaded into every process of ELB that soaks (NODE_OPTIONS, with --expose-gc): what it tells of its memory is what it holds.
const { gc } = globalThis;
const { memoryUsage } = process;
process.memoryUsage = Object.assign(
  () => {
    gc?.();
    return memoryUsage();
  },
  { rss: memoryUsage.rss },
);
