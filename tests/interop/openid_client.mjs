// openid-client against a running passport: everything a stock relying party does.
import assert from 'node:assert/strict';
import * as client from 'openid-client';
import { signIn } from './browser.mjs';

const given = JSON.parse(process.env.NSK_INTEROP);
const insecure = { execute: [client.allowInsecureRequests] };
const discover = (id, metadata, auth) =>
  client.discovery(new URL(given.issuer), id, metadata, auth, insecure);
const done = (what) => console.log(`openid-client: ${what}`);

async function authorize(config, { par, dpop, scope, extra = {} }) {
  const verifier = client.randomPKCECodeVerifier();
  const state = client.randomState();
  const nonce = client.randomNonce();
  const parameters = {
    redirect_uri: given.redirect_uri,
    scope: scope ?? 'openid profile exam',
    code_challenge: await client.calculatePKCECodeChallenge(verifier),
    code_challenge_method: 'S256',
    state,
    nonce,
    ...extra,
  };
  const url = par
    ? await client.buildAuthorizationUrlWithPAR(config, parameters, { DPoP: dpop })
    : client.buildAuthorizationUrl(config, parameters);
  const back = await signIn(url.href, {
    redirect: given.redirect_uri,
    upn: given.upn,
    password: given.password,
  });
  const checks = { pkceCodeVerifier: verifier, expectedState: state, expectedNonce: nonce };
  return client.authorizationCodeGrant(config, back, checks, undefined, { DPoP: dpop });
}

// A confidential client: code + PKCE, ID token, user info, refresh, introspection, revocation.
{
  const config = await discover(given.confidential.id, given.confidential.secret);
  const tokens = await authorize(config, {});
  const claims = tokens.claims();
  assert.equal(claims.sub, given.uid);
  const user = await client.fetchUserInfo(config, tokens.access_token, given.uid);
  assert.equal(user.sub, given.uid);
  done('code, PKCE, ID token and user info');

  const renewed = await client.refreshTokenGrant(config, tokens.refresh_token);
  assert.notEqual(renewed.refresh_token, tokens.refresh_token);
  const seen = await client.tokenIntrospection(config, renewed.access_token);
  assert.equal(seen.active, true);
  assert.equal(seen.sub, given.uid);
  done('refresh and introspection');

  await client.tokenRevocation(config, renewed.access_token);
  assert.equal((await client.tokenIntrospection(config, renewed.access_token)).active, false);
  done('revocation');
  await assert.rejects(client.refreshTokenGrant(config, tokens.refresh_token), { error: 'invalid_grant' });
  await assert.rejects(client.refreshTokenGrant(config, renewed.refresh_token), { error: 'invalid_grant' });
  done('a refresh token used twice ends its family');
}

// A public client: PAR and DPoP.
{
  const config = await discover(given.public.id, undefined, client.None());
  const dpop = client.getDPoPHandle(config, await client.randomDPoPKeyPair());
  const tokens = await authorize(config, { par: true, dpop });
  assert.equal(tokens.token_type.toLowerCase(), 'dpop');
  const user = await client.fetchUserInfo(config, tokens.access_token, given.uid, { DPoP: dpop });
  assert.equal(user.sub, given.uid);
  const other = client.getDPoPHandle(config, await client.randomDPoPKeyPair());
  await assert.rejects(client.fetchUserInfo(config, tokens.access_token, given.uid, { DPoP: other }));
  done('PAR and DPoP; another key is refused');
  const renewed = await client.refreshTokenGrant(config, tokens.refresh_token, undefined, { DPoP: dpop });
  assert.equal(renewed.token_type.toLowerCase(), 'dpop');
  done('refresh with DPoP');
}

// Token exchange: a role, then a token for one service.
{
  const config = await discover(given.confidential.id, given.confidential.secret);
  const base = await authorize(config, {});
  const exchange = (parameters) =>
    client.genericGrantRequest(config, 'urn:ietf:params:oauth:grant-type:token-exchange', {
      subject_token_type: 'urn:ietf:params:oauth:token-type:access_token',
      ...parameters,
    });
  const role = await exchange({ subject_token: base.access_token, nsk_role: given.role });
  const service = await exchange({ subject_token: role.access_token, audience: given.spn });
  assert.equal(service.issued_token_type, 'urn:ietf:params:oauth:token-type:access_token');
  await assert.rejects(exchange({ subject_token: base.access_token, nsk_role: 'administrator' }));
  await assert.rejects(
    exchange({ subject_token: role.access_token, audience: 'mak/another' }),
    { error: 'invalid_target' },
  );
  done('token exchange: role, then service; neither more than granted');
}

// A service: client credentials with a signed assertion.
{
  const key = await crypto.subtle.importKey(
    'jwk', given.service.jwk, { name: 'ECDSA', namedCurve: 'P-256' }, false, ['sign'],
  );
  const auth = client.PrivateKeyJwt({ key, kid: given.service.jwk.kid });
  const config = await discover(given.service.id, undefined, auth);
  const tokens = await client.clientCredentialsGrant(config, { scope: given.service.scope });
  assert.ok(tokens.access_token);
  done('client credentials with private_key_jwt');
}
