// How a test talks to the running issuers: one JSON object a line over a loopback port, one JSON
// object a line back. No part of OAuth, and on a port of its own so that no client can take it for one.

import net from 'node:net';
import readline from 'node:readline';

const ORDERS = {
  /// What it did and how it stands.
  async state(issuer) {
    return { knobs: issuer.knobs, grants: issuer.grants, refusals: issuer.refusals };
  },
  /// Changes knobs; they hold from the next request.
  async set(issuer, { knobs }) {
    Object.assign(issuer.knobs, knobs);
    return issuer.knobs;
  },
  /// The next requests to a path go wrong.
  async fault(issuer, { fault }) {
    issuer.faults.push({ times: 1, ...fault });
    return {};
  },
  /// Nothing goes wrong any more.
  async pass(issuer) {
    issuer.faults.length = 0;
    return {};
  },
  /// Ends the grants of a person.
  async revoke(issuer, { person }) {
    return { ended: await issuer.revoke(person) };
  },
};

/// Takes orders until the process ends.
export function listen(port, issuers) {
  const server = net.createServer((socket) => {
    socket.on('error', () => {});
    readline.createInterface({ input: socket }).on('line', async (line) => {
      let answer;
      try {
        const { issuer, order, ...rest } = JSON.parse(line);
        answer = await ORDERS[order](issuers.get(issuer), rest);
      } catch (error) {
        answer = { error: String(error.stack) };
      }
      socket.write(`${JSON.stringify(answer)}\n`);
    });
  });
  return new Promise((resolve) => server.listen(port, '127.0.0.1', resolve));
}
