import { cache } from './cache.ts';
import { cert } from './cert.ts';
import { document } from './document.ts';
import { domain } from './domain.ts';
import { dump } from './dump.ts';
import { edges } from './edges.ts';
import { explain } from './explain.ts';
import { fleet } from './fleet.ts';
import { graph } from './graph.ts';
import { health } from './health.ts';
import { history } from './history.ts';
import { item } from './item.ts';
import { metrics } from './metrics.ts';
import { names } from './names.ts';
import { option } from './option.ts';
import type { Resource } from './resource.ts';
import { requests } from './requests.ts';
import { rollback } from './rollback.ts';
import { server } from './server.ts';
import { stats } from './stats.ts';
import { status } from './status.ts';
import { tls } from './tls.ts';
import { ui } from './ui.ts';
import { upstream } from './upstream.ts';
import { wait } from './wait.ts';

/** What there is under `/__erulb__/`. */
export const resources: readonly Resource[] = [
  domain,
  upstream,
  option,
  cert,
  tls,
  document,
  server,
  names,
  item,
  graph,
  edges,
  dump,
  history,
  rollback,
  status,
  fleet,
  health,
  explain,
  requests,
  cache,
  stats,
  wait,
  metrics,
  ui,
];
