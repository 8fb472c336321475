// A browser without scripts: it keeps cookies, follows redirects and fills in the passport's forms.

const REDIRECTS_MAX = 12;

function cookieJar() {
  const jar = new Map();
  return {
    header: () => [...jar].map(([name, value]) => `${name}=${value}`).join('; '),
    take(response) {
      for (const line of response.headers.getSetCookie()) {
        const [pair] = line.split(';');
        const at = pair.indexOf('=');
        const [name, value] = [pair.slice(0, at).trim(), pair.slice(at + 1)];
        if (value === '' || /max-age=0/i.test(line)) jar.delete(name);
        else jar.set(name, value);
      }
    },
  };
}

const unescape = (text) =>
  text.replace(/&amp;/g, '&').replace(/&quot;/g, '"').replace(/&lt;/g, '<').replace(/&gt;/g, '>');

/** The form that has a password field, with its hidden fields filled in. */
function passwordForm(html, url) {
  for (const [, attributes, inside] of html.matchAll(/<form([^>]*)>([\s\S]*?)<\/form>/g)) {
    if (!/type="password"/.test(inside)) continue;
    const action = attributes.match(/action="([^"]*)"/)?.[1] ?? url;
    const fields = new URLSearchParams();
    for (const [input] of inside.matchAll(/<input[^>]*>/g)) {
      const name = input.match(/name="([^"]*)"/)?.[1];
      if (name) fields.set(name, unescape(input.match(/value="([^"]*)"/)?.[1] ?? ''));
    }
    return { action: new URL(unescape(action), url).href, fields };
  }
  throw new Error(`no form with a password at ${url}:\n${html.slice(0, 400)}`);
}

/** Opens an authorization address, signs in, and answers the address that the client is sent to. */
export async function signIn(start, { redirect, upn, password }) {
  const jar = cookieJar();
  let url = start;
  let init = {};
  let signedIn = false;
  for (let n = 0; n < REDIRECTS_MAX; n += 1) {
    const headers = { ...init.headers, cookie: jar.header(), accept: 'text/html' };
    const response = await fetch(url, { ...init, headers, redirect: 'manual' });
    jar.take(response);
    const location = response.headers.get('location');
    if (location) {
      url = new URL(location, url).href;
      init = {};
      if (url.startsWith(redirect)) return new URL(url);
      continue;
    }
    const html = await response.text();
    if (response.status !== 200 || signedIn) {
      throw new Error(`stuck at ${url} with ${response.status}:\n${html.slice(0, 600)}`);
    }
    const form = passwordForm(html, url);
    form.fields.set('login', upn);
    form.fields.set('password', password);
    signedIn = true;
    init = {
      method: 'POST',
      body: form.fields,
      headers: { origin: new URL(url).origin },
    };
    url = form.action;
  }
  throw new Error('too many redirects');
}
