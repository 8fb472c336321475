// oauth4webapi against a running passport: the strictest reader of answers.
import assert from 'node:assert/strict';
import * as oauth from 'oauth4webapi';
import { signIn } from './browser.mjs';

const given = JSON.parse(process.env.NSK_INTEROP);
const http = { [oauth.allowInsecureRequests]: true };
const done = (what) => console.log(`oauth4webapi: ${what}`);

const issuer = new URL(given.issuer);
const as = await oauth.processDiscoveryResponse(issuer, await oauth.discoveryRequest(issuer, http));
const server = await oauth.processDiscoveryResponse(
  issuer,
  await oauth.discoveryRequest(issuer, { ...http, algorithm: 'oauth2' }),
);
assert.equal(server.token_endpoint, as.token_endpoint);
assert.equal(as.authorization_response_iss_parameter_supported, true);
assert.deepEqual(as.code_challenge_methods_supported, ['S256']);
assert.ok(!as.grant_types_supported.includes('password'));
done('both discovery documents');

const client = { client_id: given.public.id };
const none = oauth.None();
const keys = await oauth.generateKeyPair('ES256');
const DPoP = oauth.DPoP(client, keys);

// With a server's nonce the first answer may be an error that asks for it.
async function again(ask, read) {
  try {
    return await read(await ask());
  } catch (error) {
    if (!oauth.isDPoPNonceError(error)) throw error;
    return read(await ask());
  }
}

const verifier = oauth.generateRandomCodeVerifier();
const state = oauth.generateRandomState();
const nonce = oauth.generateRandomNonce();
const parameters = new URLSearchParams({
  client_id: client.client_id,
  redirect_uri: given.redirect_uri,
  response_type: 'code',
  scope: 'openid profile',
  state,
  nonce,
  code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
  code_challenge_method: 'S256',
});
const pushed = await again(
  () => oauth.pushedAuthorizationRequest(as, client, none, parameters, { ...http, DPoP }),
  (response) => oauth.processPushedAuthorizationResponse(as, client, response),
);
const url = new URL(as.authorization_endpoint);
url.searchParams.set('client_id', client.client_id);
url.searchParams.set('request_uri', pushed.request_uri);
const back = await signIn(url.href, {
  redirect: given.redirect_uri,
  upn: given.upn,
  password: given.password,
});
// Refuses an answer without the right `iss`, or with a doubled parameter.
const answer = oauth.validateAuthResponse(as, client, back, state);
const tokens = await again(
  () =>
    oauth.authorizationCodeGrantRequest(as, client, none, answer, given.redirect_uri, verifier, {
      ...http,
      DPoP,
    }),
  (response) =>
    oauth.processAuthorizationCodeResponse(as, client, response, {
      expectedNonce: nonce,
      requireIdToken: true,
    }),
);
assert.equal(oauth.getValidatedIdTokenClaims(tokens).sub, given.uid);
done('PAR, code, PKCE, DPoP, iss, ID token');

const user = await again(
  () => oauth.userInfoRequest(as, client, tokens.access_token, { ...http, DPoP }),
  (response) => oauth.processUserInfoResponse(as, client, given.uid, response),
);
assert.equal(user.sub, given.uid);
const renewed = await again(
  () => oauth.refreshTokenGrantRequest(as, client, none, tokens.refresh_token, { ...http, DPoP }),
  (response) => oauth.processRefreshTokenResponse(as, client, response),
);
assert.ok(renewed.refresh_token);
done('user info and refresh');

const confidential = { client_id: given.confidential.id };
const secret = oauth.ClientSecretBasic(given.confidential.secret);
const looked = async (token) =>
  oauth.processIntrospectionResponse(
    as,
    confidential,
    await oauth.introspectionRequest(as, confidential, secret, token, http),
  );
assert.equal((await looked('no-such-token')).active, false);
await oauth.processRevocationResponse(
  await oauth.revocationRequest(as, client, none, renewed.refresh_token, http),
);
await assert.rejects(
  again(
    () => oauth.refreshTokenGrantRequest(as, client, none, renewed.refresh_token, { ...http, DPoP }),
    (response) => oauth.processRefreshTokenResponse(as, client, response),
  ),
  { error: 'invalid_grant' },
);
done('introspection and revocation');
