// node:crypto with the one-shot `hash` that Node has since 20.12.

import { createHash } from 'node:crypto';

export * from 'node:crypto';

export function hash(algorithm, data, encoding = 'hex') {
  const digest = createHash(algorithm).update(data);
  return encoding === 'buffer' ? digest.digest() : digest.digest(encoding);
}
