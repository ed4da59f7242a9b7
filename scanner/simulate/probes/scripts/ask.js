// Runs in a container, with whatever Node.js it has. Tells what its OpenSSL gives when used.
'use strict';
const crypto = require('crypto');
const fs = require('fs');

const key = Buffer.from(Array.from({ length: 64 }, (_, index) => (index * 7 + 1) % 256));

function tell(kind, name, worked, why) {
  const text = String((why && why.message) || why || '').slice(0, 150);
  fs.writeSync(1, JSON.stringify({ kind, name: String(name), worked: !!worked, why: text }) + '\n');
}

function attempt(kind, name, work) {
  try {
    work();
  } catch (error) {
    tell(kind, name, false, error);
    return;
  }
  tell(kind, name, true);
}

function encrypt(name) {
  const info = crypto.getCipherInfo ? crypto.getCipherInfo(name) : null;
  const length = info ? info.keyLength : 32;
  const vector = info && info.ivLength ? key.subarray(0, info.ivLength) : null;
  const options = /ccm|ocb|poly1305/i.test(name) ? { authTagLength: 16 } : {};
  crypto.createCipheriv(name, key.subarray(0, length), vector, options).update(key.subarray(0, 32));
}

function pair(type, options) {
  return crypto.generateKeyPairSync(type, options || {});
}

function sign(hash, type, options) {
  crypto.sign(hash, Buffer.from('probe'), pair(type, options).privateKey);
}

tell('library', 'OpenSSL ' + process.versions.openssl, true);
tell('setting', 'FIPS mode', crypto.getFips && crypto.getFips());
const hashes = new Set([...crypto.getHashes(), 'md5', 'sha1', 'sha256', 'sha3-256']);
for (const name of hashes) {
  if (!/^RSA-|with|^ssl3/i.test(name)) {
    attempt('digest', name, () => crypto.createHash(name).update('probe').digest());
  }
}
const ciphers = ['aes-256-gcm', 'aes-128-cbc', 'chacha20-poly1305', 'des-ede3-cbc', 'des-cbc'];
for (const name of new Set([...crypto.getCiphers(), ...ciphers])) {
  // These need a switch that the function does not have, or are for TLS alone.
  if (!/wrap|hmac|^id-/i.test(name)) attempt('cipher', name, () => encrypt(name));
}
for (const hash of ['sha256', 'sha1', 'md5']) {
  const name = hash === 'sha256' ? 'HMAC' : 'HMAC-' + hash.toUpperCase();
  attempt('mac', name, () => crypto.createHmac(hash, key).update('probe').digest());
}
attempt('key-size', 'HMAC with a 64-bit key', () =>
  crypto.createHmac('sha256', key.subarray(0, 8)).update('probe').digest());
attempt('kdf', 'PBKDF2', () => crypto.pbkdf2Sync(key, key.subarray(0, 16), 1000, 32, 'sha256'));
attempt('kdf', 'SCRYPT', () => crypto.scryptSync(key, key.subarray(0, 16), 32));
const curves = /^(prime192v1|prime256v1|secp(224|384|521)r1|secp256k1|brainpoolP(256|384|512)r1|SM2)$/;
for (const name of crypto.getCurves().filter((each) => curves.test(each))) {
  attempt('group', name, () => {
    const one = pair('ec', { namedCurve: name });
    crypto.diffieHellman({ privateKey: one.privateKey, publicKey: one.publicKey });
  });
  // An older interface, which makes its keys outside of any provider.
  attempt('createECDH', name, () => crypto.createECDH(name).generateKeys());
}
for (const type of ['x25519', 'x448']) {
  attempt('group', type.toUpperCase(), () => {
    const one = pair(type);
    crypto.diffieHellman({ privateKey: one.privateKey, publicKey: one.publicKey });
  });
}
attempt('signature', 'RSA with SHA2-256', () => sign('sha256', 'rsa', { modulusLength: 2048 }));
attempt('key-size', 'RSA-1024 with SHA2-256', () => sign('sha256', 'rsa', { modulusLength: 1024 }));
attempt('signature', 'ECDSA', () => sign('sha256', 'ec', { namedCurve: 'prime256v1' }));
attempt('signature', 'ED25519', () => sign(null, 'ed25519'));
attempt('signature', 'ED448', () => sign(null, 'ed448'));
tell('end', 'complete', true);
