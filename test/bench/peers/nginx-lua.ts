import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { definePeer } from '../peer.ts';
import { outputOf } from '../process.ts';
import { siteOf } from '../site.ts';
import { nginxCommand, nginxVersion } from './nginx.ts';

/** nginx whose Lua module walks the graph: documents as JSON in a shared dictionary, decoded for each request. */
export const nginxLua = definePeer({
  name: 'nginx-lua',
  source: 'Debian: libnginx-mod-http-lua, lua-cjson',
  abilities: ['large table', 'statistics', 'upgrade'],
  routing: 'graph of four nodes',
  version: () => {
    if (!MODULES.every((file) => existsSync(file))) return null;
    const cjson = outputOf('dpkg-query', ['-W', '-f', 'found', 'lua-cjson'], /(found)/);
    return cjson === null ? null : nginxVersion();
  },
  prepare: (scene) => {
    const documents = join(scene.directory, 'domains.json');
    writeFileSync(documents, JSON.stringify(siteOf(scene.servers, scene.table).domains));
    return nginxCommand(scene, {
      main: MODULES.map((file) => `load_module ${file};`).join('\n'),
      http: `lua_shared_dict documents 128m;
  lua_package_path '${fileURLToPath(new URL('.', import.meta.url))}?.lua;;';
  init_by_lua_block { require('graph-walk').load('${documents}') }`,
      server: `location / {
      set $upstream '';
      rewrite_by_lua_block { require('graph-walk').walk() }
      proxy_pass http://$upstream;
    }`,
    });
  },
});

const MODULES = ['/usr/lib/nginx/modules/ndk_http_module.so', '/usr/lib/nginx/modules/ngx_http_lua_module.so'];
