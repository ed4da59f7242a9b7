<?php
// Runs in a container, with whatever PHP it has. Tells what its OpenSSL gives when used, and what
// PHP computes itself.

function tell($kind, $name, $worked, $why = '')
{
    $line = ['kind' => $kind, 'name' => (string) $name, 'worked' => (bool) $worked];
    $line['why'] = substr((string) preg_replace('/[^ -~]/', '?', (string) $why), 0, 150);
    fwrite(STDOUT, json_encode($line, JSON_UNESCAPED_SLASHES) . "\n");
}

function attempt($kind, $name, $work)
{
    try {
        $worked = @$work() !== false;
        $error = function_exists('openssl_error_string') ? openssl_error_string() : '';
        tell($kind, $name, $worked, $worked ? '' : $error);
    } catch (Throwable $error) {
        tell($kind, $name, false, $error->getMessage());
    }
    while (function_exists('openssl_error_string') && openssl_error_string() !== false) {
        continue;
    }
}

foreach (function_exists('hash_algos') ? hash_algos() : [] as $name) {
    if (!preg_match('/crc|adler|fnv|joaat|murmur|xxh/', $name)) {
        attempt('builtin-digest', $name, function () use ($name) { return hash($name, 'probe'); });
    }
}
if (!extension_loaded('openssl')) {
    tell('library', 'openssl', false, 'the extension is not loaded');
    tell('end', 'complete', true);
    exit(0);
}
tell('library', OPENSSL_VERSION_TEXT, true);
foreach (openssl_get_md_methods() as $name) {
    if (!preg_match('/^RSA|with|^shake/i', $name)) {
        attempt('digest', $name, function () use ($name) { return openssl_digest('probe', $name); });
    }
}
foreach (array_unique(array_map('strtoupper', openssl_get_cipher_methods(true))) as $name) {
    if (preg_match('/^[^A-Z]|WRAP|HMAC|^ID-|XTS|SIV|CCM|CTS|^NULL/', $name)) {
        continue;
    }
    attempt('cipher', $name, function () use ($name) {
        $length = openssl_cipher_iv_length($name);
        $vector = $length > 0 ? str_repeat('1', $length) : '';
        $text = str_repeat('probe', 16);
        $known = function_exists('openssl_cipher_key_length');
        $key = str_repeat('k', $known ? openssl_cipher_key_length($name) : 32);
        return preg_match('/GCM|OCB|POLY1305/', $name)
            ? openssl_encrypt($text, $name, $key, OPENSSL_RAW_DATA, $vector, $tag)
            : openssl_encrypt($text, $name, $key, OPENSSL_RAW_DATA, $vector);
    });
}
attempt('kdf', 'PBKDF2', function () {
    return openssl_pbkdf2(str_repeat('1', 16), str_repeat('1', 16), 32, 1000, 'sha256');
});
$sizes = ['signature' => 2048, 'key-size' => 1024];
foreach ($sizes as $kind => $bits) {
    $name = $bits === 1024 ? 'RSA-1024 with SHA2-256' : 'RSA with SHA2-256';
    attempt($kind, $name, function () use ($bits) {
        $made = ['private_key_bits' => $bits, 'private_key_type' => OPENSSL_KEYTYPE_RSA];
        $key = openssl_pkey_new($made);
        return $key === false ? false : openssl_sign('probe', $signature, $key, 'sha256');
    });
}
$curves = ['prime192v1', 'prime256v1', 'secp384r1', 'secp256k1'];
foreach (array_intersect(openssl_get_curve_names() ?: [], $curves) as $name) {
    attempt('group', $name, function () use ($name) {
        $made = ['private_key_type' => OPENSSL_KEYTYPE_EC, 'curve_name' => $name];
        // A curve has its own size, and is refused all the same without this.
        return openssl_pkey_new($made + ['private_key_bits' => 2048]);
    });
}
tell('end', 'complete', true);
