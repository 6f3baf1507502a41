// What oidc-provider takes for granted and Debian 12's Node 18 does not have yet. Imported before
// the program: `node --import ./older_node.mjs`.

import nodeCrypto, { webcrypto } from 'node:crypto';
import { register } from 'node:module';

globalThis.crypto ??= webcrypto;
URL.parse ??= (text, base) => {
  try {
    return new URL(text, base);
  } catch {
    return null;
  }
};

// a name that node:crypto does not export can only be added by putting another module in its place
if (!nodeCrypto.hash) {
  const filled = new URL('./crypto_with_hash.mjs', import.meta.url).href;
  const hooks = `export function resolve(name, context, next) {
    const wanted = name === 'node:crypto' && context.parentURL?.includes('/oidc-provider/');
    return wanted ? { url: ${JSON.stringify(filled)}, shortCircuit: true } : next(name, context);
  }`;
  register(`data:text/javascript,${encodeURIComponent(hooks)}`);
}
