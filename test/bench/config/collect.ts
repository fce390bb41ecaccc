import v8 from 'node:v8';
import vm from 'node:vm';

v8.setFlagsFromString('--expose-gc');

/** Collects all garbage of this process. What `gc` is exists in contexts that are made after the flag was set. */
export const collect = vm.runInNewContext('gc') as () => void;
