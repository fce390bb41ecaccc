import { duration, etcdEndpoints, filePath, instanceName, oneOf, text, token } from '../lib/core/option-kinds.ts';
import { called, several, setting, toggle, usual } from './inputs.ts';
import { FORMATS } from './screen.ts';

const SECOND = 1000;

/** Options of every command. */
export const GLOBAL_FLAGS = {
  url: setting(
    called('URL', text),
    'instance to ask: `http://host:port`, `https://host:port`, `unix:/path`; unset: ELB_URL, else `http://127.0.0.1:8080`',
  ),
  token: setting(
    token,
    'token for it; other users of this machine can see it here: better ELB_ADMIN_TOKEN or --token-file',
  ),
  'token-file': setting(filePath, 'file with the token', { completes: 'file' }),
  ca: setting(filePath, 'certificates that an https instance is checked against (PEM); unset: those of the machine', {
    completes: 'file',
  }),
  timeout: usual(duration(100, 3600 * SECOND), '30s', 'longest time for an answer'),
  etcd: setting(
    etcdEndpoints,
    'work on the store itself, without an instance: members of the etcd cluster; ETCD_USERNAME, ETCD_PASSWORD, ETCD_CA, ETCD_CERT and ETCD_KEY as for `elb`',
  ),
  name: setting(instanceName, 'with --etcd: prefix of the keys; unset: ELBNAME, else ELB'),
  output: usual(oneOf(FORMATS), 'table', '`table` for people, `json` or `yaml` for programs', {
    short: 'o',
    completes: FORMATS,
  }),
} as const;

/** Options of every command that changes documents. */
export const CHANGE_FLAGS = {
  'dry-run': toggle('tell what would change, and all that is wrong, and change nothing', { short: 'n' }),
  memory: toggle(
    'change the memory of the instance only: it is lost at its end, unless dumped; without this the store is changed too',
  ),
  yes: toggle('do not ask', { short: 'y' }),
  wait: toggle('wait until every instance that follows the store serves the change'),
} as const;

/** Options of commands that read configurations. */
export const FILE_FLAGS = {
  file: several(filePath, 'YAML or JSON file, or a directory of such files; `-`: standard input', {
    short: 'f',
    completes: 'file',
  }),
} as const;
