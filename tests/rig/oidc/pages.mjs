// What a person meets at an issuer: name and password, a second factor where it is on, consent with
// a box for each mail scope at Google, and a way to say no.

/// The code that the person's telephone shows.
const SECOND_FACTOR = '123456';

const escaped = (text = '') =>
  String(text).replace(/[&<>"]/g, (c) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' })[c]);

function show(response, title, body) {
  response.writeHead(200, { 'content-type': 'text/html; charset=utf-8', 'cache-control': 'no-store' });
  response.end(`<!doctype html><meta charset=utf-8><title>${title}</title><h1>${title}</h1>${body}`);
}

async function form(request) {
  let text = '';
  for await (const chunk of request) text += chunk;
  return new URLSearchParams(text);
}

export class Pages {
  constructor(issuer) {
    this.issuer = issuer;
    /// Interaction -> who gave the right password and owes the second factor.
    this.halfway = new Map();
  }

  get provider() {
    return this.issuer.provider;
  }

  async serve(path, request, response) {
    const details = await this.provider.interactionDetails(request, response);
    const step = path.split('/')[3];
    if (step === 'no') return this.finish(request, response, { error: 'access_denied' });
    if (request.method === 'GET') return this.ask(details, response);
    const said = await form(request);
    if (step === 'password') return this.password(details, said, request, response);
    if (step === 'code') return this.code(details, said, request, response);
    return this.consent(details, said, request, response);
  }

  finish(request, response, result) {
    return this.provider.interactionFinished(request, response, result, {
      mergeWithLastSubmission: !!result.consent,
    });
  }

  ask(details, response) {
    const { uid, prompt, params } = details;
    const no = `<a id=no href="/interaction/${uid}/no">Cancel</a>`;
    if (prompt.name === 'login') {
      return show(
        response,
        'Sign in',
        `<form method=post action="/interaction/${uid}/password">
<input name=login id=login value="${escaped(params.login_hint)}">
<input name=password id=password type=password value="">
<button id=submit>Sign in</button></form>${no}`,
      );
    }
    return show(
      response,
      'Consent',
      `<p>${escaped(params.client_id)} wants to read and send mail for you</p>
<form method=post action="/interaction/${uid}/consent">${this.boxes(prompt)}
<button id=submit>Allow</button></form>${no}`,
    );
  }

  /// At Google each mail scope has a box that may be left empty.
  boxes(prompt) {
    if (this.issuer.persona !== 'google') return '';
    const scopes = (prompt.details.missingOIDCScope ?? []).filter((scope) => scope.startsWith('https:'));
    return scopes
      .map((scope) => `<label><input type=checkbox name=scope value="${escaped(scope)}">${escaped(scope)}</label>`)
      .join('');
  }

  password(details, said, request, response) {
    const person = said.get('login');
    if (this.issuer.people.get(person)?.password !== said.get('password')) {
      return show(response, 'Wrong name or password', '<p id=error>Wrong name or password</p>');
    }
    if (!this.issuer.knobs.mfa) {
      return this.finish(request, response, { login: { accountId: person } });
    }
    this.halfway.set(details.uid, person);
    return show(
      response,
      'Second factor',
      `<form method=post action="/interaction/${details.uid}/code">
<input name=code id=code value="" autocomplete=one-time-code>
<button id=submit>Verify</button></form>`,
    );
  }

  code(details, said, request, response) {
    const person = this.halfway.get(details.uid);
    if (!person || said.get('code') !== SECOND_FACTOR) {
      return show(response, 'Wrong code', '<p id=error>Wrong code</p>');
    }
    this.halfway.delete(details.uid);
    return this.finish(request, response, { login: { accountId: person } });
  }

  /// The page that an administrator opens to let the client in for the whole organization.
  agree(response) {
    this.issuer.knobs.adminConsent = false;
    show(response, 'Granted', '<p>The organization lets this client in.</p>');
  }

  async consent(details, said, request, response) {
    const { grantId: known, prompt, params, session } = details;
    const { provider, people, persona, knobs } = this.issuer;
    if (knobs.adminConsent) {
      const error_description = 'AADSTS90094: The grant requires admin permission.';
      return this.finish(request, response, { error: 'access_denied', error_description });
    }
    const grant = known
      ? await provider.Grant.find(known)
      : new provider.Grant({ accountId: session.accountId, clientId: params.client_id });
    const { missingOIDCScope = [], missingOIDCClaims, missingResourceScopes = {} } = prompt.details;
    const ticked = (scope) =>
      persona !== 'google' || !scope.startsWith('https:') || said.getAll('scope').includes(scope);
    grant.addOIDCScope(missingOIDCScope.filter(ticked).join(' '));
    grant.rejectOIDCScope(missingOIDCScope.filter((scope) => !ticked(scope)).join(' '));
    if (missingOIDCClaims) grant.addOIDCClaims(missingOIDCClaims);
    for (const [resource, scopes] of Object.entries(missingResourceScopes)) {
      grant.addResourceScope(resource, scopes.join(' '));
    }
    const grantId = await grant.save();
    people.get(session.accountId).grants.add(grantId);
    return this.finish(request, response, { consent: known ? {} : { grantId } });
  }
}
