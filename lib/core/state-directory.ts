import { homedir } from 'node:os';

/**
 * The usual directory for what outlives a process: the one systemd made (systemd.exec(5), `StateDirectory=`), root's, or the
 * user's (XDG Base Directory Specification). Null for a user without any.
 */
export function usualStateDirectory(env: Readonly<Record<string, string | undefined>>, isRoot: boolean): string | null {
  const [ofService = ''] = (env['STATE_DIRECTORY'] ?? '').split(':');
  if (ofService !== '') return ofService;
  if (isRoot) return '/var/lib/elb';
  const ofUser = env['XDG_STATE_HOME'] ?? '';
  if (ofUser.startsWith('/')) return `${ofUser}/elb`;
  const home = env['HOME'] ?? homeOfUser();
  return home.startsWith('/') && home !== '/' ? `${home}/.local/state/elb` : null;
}

function homeOfUser(): string {
  try {
    return homedir();
  } catch {
    return '';
  }
}
