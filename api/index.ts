import { domain } from './domain.ts';
import { dump } from './dump.ts';
import { option } from './option.ts';
import type { Resource } from './resource.ts';
import { upstream } from './upstream.ts';

/** What there is under `/__erulb__/`. */
export const resources: readonly Resource[] = [domain, upstream, option, dump];
