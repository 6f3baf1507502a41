// Three certified OAuth 2.0 issuers of npm oidc-provider on loopback, for the rig: one as the
// standards say, one shaped like Microsoft's, one like Google's.
// `node --import ./older_node.mjs server.mjs SETTINGS.json` starts them and prints "ready". What a test changes while they run comes by control.mjs.

import fs from 'node:fs';
import https from 'node:https';
import Provider from 'oidc-provider';

import { listen as listenForTests } from './control.mjs';
import { Pages } from './pages.mjs';
import { configuration, shape } from './persona.mjs';

const settings = JSON.parse(fs.readFileSync(process.argv[2]));
const tls = { cert: fs.readFileSync(settings.chain), key: fs.readFileSync(settings.key) };

/// Who may sign in: address -> { password, grants }. The grants are what a revocation ends.
const people = new Map(
  Object.entries(settings.people).map(([address, password]) => [address, { password, grants: new Set() }]),
);

/// One issuer and what tests ask of it.
class Issuer {
  constructor(persona, port) {
    this.persona = persona;
    this.people = people;
    /// Changed by tests at run time.
    this.knobs = { accessTtl: 3600, rotate: persona !== 'google', mfa: false, adminConsent: false, forgotten: null };
    /// Requests that are to go wrong: see `spoil`.
    this.faults = [];
    /// How many requests it ever held.
    this.held = 0;
    /// Every grant it made: { at, kind, person, ttl, secrets }, `at` in milliseconds since 1970.
    this.grants = [];
    /// Every error it gave: "event error description".
    this.refusals = [];
    this.provider = new Provider(`https://localhost:${port}`, configuration(this, settings));
    shape(this.provider, this);
    this.pages = new Pages(this);
    this.record();
  }

  record() {
    this.provider.on('grant.success', (ctx) => {
      const token = ctx.oidc.entities.AccessToken;
      this.grants.push({
        at: Date.now(),
        kind: ctx.oidc.params.grant_type,
        person: token?.accountId,
        ttl: this.knobs.accessTtl,
        // what no client may leave anywhere
        secrets: ['access_token', 'refresh_token', 'id_token'].map((name) => ctx.body?.[name]).filter(Boolean),
      });
    });
    for (const event of ['grant.error', 'authorization.error', 'introspection.error', 'revocation.error', 'userinfo.error']) {
      this.provider.on(event, (_, error) =>
        this.refusals.push(`${event} ${error.error} ${error.error_detail ?? error.error_description ?? ''}`),
      );
    }
    this.provider.on('server_error', (_, error) => console.error(this.persona, error));
  }

  async serve(request, response) {
    const path = new URL(request.url, this.provider.issuer).pathname;
    try {
      if (await this.spoil(path, request, response)) return;
      if (path.endsWith('/adminconsent')) this.pages.agree(response);
      else if (path.startsWith('/interaction/')) await this.pages.serve(path, request, response);
      else await this.provider.callback()(request, response);
    } catch (error) {
      console.error(this.persona, path, error);
      if (!response.headersSent) response.writeHead(400).end(String(error.message));
    }
  }

  /// Answers in place of the issuer where a fault was ordered for the path's end.
  async spoil(path, request, response) {
    const fault = this.faults.find((fault) => fault.times > 0 && path.endsWith(fault.path));
    if (!fault) return false;
    if (fault.skip > 0) {
      fault.skip -= 1;
      return false;
    }
    fault.times -= 1;
    // never answered: whoever asked is at this step until it gives up
    if (fault.hold) {
      this.held += 1;
      return true;
    }
    if (fault.delayMs) await new Promise((resolve) => setTimeout(resolve, fault.delayMs));
    // the request is served and its answer is lost
    if (fault.lose) {
      response.end = () => request.socket.destroy();
      response.write = () => true;
      return false;
    }
    if (!fault.status) return false;
    response.writeHead(fault.status, { 'content-type': fault.type ?? 'application/json', ...fault.headers });
    response.end(fault.body ?? '');
    return true;
  }

  /// Ends every grant of a person, as a changed password or an administrator does.
  async revoke(person) {
    const { grants } = people.get(person);
    for (const id of grants) {
      for (const kind of ['AccessToken', 'RefreshToken', 'AuthorizationCode', 'DeviceCode']) {
        await this.provider[kind].revokeByGrantId(id);
      }
      await (await this.provider.Grant.find(id))?.destroy();
    }
    const ended = grants.size;
    grants.clear();
    return ended;
  }
}

const issuers = new Map();
for (const { persona, port } of settings.issuers) {
  const issuer = new Issuer(persona, port);
  issuers.set(persona, issuer);
  const server = https.createServer(tls, (request, response) => issuer.serve(request, response));
  await new Promise((resolve) => server.listen(port, '127.0.0.1', resolve));
}
await listenForTests(settings.control, issuers);
console.log('ready');
