// What makes an issuer look like Microsoft's, like Google's, or like the standards: paths, scopes,
// lifetimes, rotation, clients, the wording of errors and the size of tokens.

import { generateKeyPairSync, randomUUID } from 'node:crypto';

const NATIVE = {
  application_type: 'native',
  grant_types: ['authorization_code', 'refresh_token'],
  response_types: ['code'],
};

const DEVICE_CODE = 'urn:ietf:params:oauth:grant-type:device_code';

const SCOPES = {
  generic: ['mail'],
  microsoft: ['https://outlook.office.com/IMAP.AccessAsUser.All', 'https://outlook.office.com/SMTP.Send'],
  google: ['https://mail.google.com/'],
};

const ROUTES = {
  generic: {},
  microsoft: {
    authorization: '/common/oauth2/v2.0/authorize',
    token: '/common/oauth2/v2.0/token',
    device_authorization: '/common/oauth2/v2.0/devicecode',
    code_verification: '/common/oauth2/deviceauth',
    jwks: '/common/discovery/v2.0/keys',
  },
  google: {
    authorization: '/o/oauth2/v2/auth',
    token: '/token',
    revocation: '/revoke',
    userinfo: '/v1/userinfo',
  },
};

/// Microsoft's access tokens have about 2 kB and its refresh tokens about 1 kB; in base64url a
/// character holds 6 bits.
const TOKEN_CHARACTERS = { AccessToken: 2000, RefreshToken: 1000 };
const ORDINARY_BITS = 256;

function clients(persona, introspector) {
  const loopback = ['127.0.0.1', 'localhost', '[::1]'];
  const all = [
    {
      client_id: 'introspector',
      client_secret: introspector,
      redirect_uris: [],
      response_types: [],
      grant_types: [],
      token_endpoint_auth_method: 'client_secret_basic',
    },
  ];
  if (persona === 'google') {
    // a "desktop app" has a secret that is none, and must send it
    all.push({
      ...NATIVE,
      client_id: 'rig-desktop',
      client_secret: 'secret-of-a-desktop-app',
      token_endpoint_auth_method: 'client_secret_post',
      redirect_uris: ['http://127.0.0.1'],
    });
  } else {
    const path = persona === 'microsoft' ? '' : '/callback';
    all.push({
      ...NATIVE,
      grant_types: [...NATIVE.grant_types, DEVICE_CODE],
      client_id: 'rig-public',
      token_endpoint_auth_method: 'none',
      redirect_uris: loopback.map((host) => `http://${host}${path}`),
    });
    all.push({ ...all.at(-1), client_id: 'rig-other' });
  }
  return all;
}

/// The configuration of one issuer; `issuer` holds the knobs that tests turn.
export function configuration(issuer, settings) {
  const { persona, knobs, people } = issuer;
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const claims = (address) => ({
    sub: address,
    email: address,
    email_verified: true,
    preferred_username: address,
    name: address.split('@')[0],
  });
  return {
    clients: clients(persona, settings.introspector),
    findAccount: (_, address) =>
      people.has(address) ? { accountId: address, claims: () => claims(address) } : undefined,
    claims: { openid: ['sub'], email: ['email', 'email_verified'], profile: ['name', 'preferred_username'] },
    // both say in the ID token who it is; elsewhere the userinfo endpoint says it
    conformIdTokenClaims: persona === 'generic',
    scopes: ['openid', 'offline_access', 'email', 'profile', ...SCOPES[persona]],
    // what Dovecot compares with the login name
    extraTokenClaims: (_, token) => ({ email: token.accountId }),
    extraParams: ['access_type'],
    features: {
      devInteractions: { enabled: false },
      deviceFlow: { enabled: persona !== 'google' },
      introspection: { enabled: true },
      registration: { enabled: persona === 'generic' },
      revocation: { enabled: persona !== 'microsoft' },
      userinfo: { enabled: true },
    },
    pkce: { required: () => true },
    rotateRefreshToken: () => knobs.rotate,
    // the standard demands `prompt=consent` for it (OpenID Connect Core §11); Google wants
    // `access_type=offline` and Microsoft the scope, neither of which the code still knows here
    issueRefreshToken: (_, client, code) =>
      client.grantTypeAllowed('refresh_token') && (persona !== 'generic' || code.scopes.has('offline_access')),
    expiresWithSession: () => false,
    ttl: {
      AccessToken: () => knobs.accessTtl,
      AuthorizationCode: 60,
      DeviceCode: 600,
      Grant: 90 * 86400,
      IdToken: 3600,
      Interaction: 3600,
      RefreshToken: 90 * 86400,
      Session: 86400,
    },
    formats: {
      bitsOfOpaqueRandomness: (_, token) =>
        persona === 'microsoft' && token.kind in TOKEN_CHARACTERS
          ? 6 * TOKEN_CHARACTERS[token.kind]
          : ORDINARY_BITS,
    },
    routes: ROUTES[persona],
    interactions: { url: (_, interaction) => `/interaction/${interaction.uid}` },
    cookies: { keys: [randomUUID()] },
    jwks: { keys: [{ ...privateKey.export({ format: 'jwk' }), use: 'sig', alg: 'RS256' }] },
  };
}

/// What configuration cannot say: wording, and which redirects a desktop client may use.
export function shape(provider, { persona, knobs }) {
  // a client that whoever registered it has deleted
  const find = provider.Client.find.bind(provider.Client);
  provider.Client.find = async (id, ...rest) => (id === knobs.forgotten ? undefined : find(id, ...rest));
  if (persona === 'google') {
    provider.Client.prototype.redirectUriAllowed = (uri) => new URL(uri).hostname === '127.0.0.1';
  }
  if (persona === 'generic') return;
  provider.use(async (ctx, next) => {
    await next();
    // neither sends RFC 9207's parameter
    const location = ctx.response.get('location');
    if (/^http:\/\/(127\.0\.0\.1|localhost)/.test(location)) {
      const bare = new URL(location);
      bare.searchParams.delete('iss');
      ctx.set('location', bare.href);
    }
    if (ctx.body?.error) ctx.body = worded(persona, knobs, ctx.body);
  });
}

/// An error in the provider's own words.
function worded(persona, knobs, { error, error_description }) {
  if (persona === 'google') {
    const description = error === 'invalid_grant' ? 'Token has been expired or revoked.' : error_description;
    return { error, error_description: description };
  }
  const code = { invalid_grant: knobs.adminConsent ? 65001 : 70008, authorization_pending: 70016, invalid_client: 7000218 }[error] ?? 9002313;
  const [trace, correlation] = [randomUUID(), randomUUID()];
  const timestamp = new Date().toISOString();
  return {
    error,
    error_description: `AADSTS${code}: ${error_description}. Trace ID: ${trace} Correlation ID: ${correlation} Timestamp: ${timestamp}`,
    error_codes: [code],
    timestamp,
    trace_id: trace,
    correlation_id: correlation,
  };
}
