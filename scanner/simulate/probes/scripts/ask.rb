# Runs in a container, with whatever Ruby it has. Tells what its OpenSSL gives when used, and what
# Ruby computes itself.
require 'digest'
require 'json'

$stdout.sync = true

def tell(kind, name, worked, why = '')
  why = why.to_s.encode('UTF-8', invalid: :replace, undef: :replace)[0, 150]
  puts JSON.generate('kind' => kind, 'name' => name, 'worked' => worked ? true : false, 'why' => why)
end

def attempt(kind, name)
  yield
  tell(kind, name, true)
rescue StandardError, LoadError, NotImplementedError => e
  tell(kind, name, false, e.message)
end

%w[MD5 SHA1 RMD160 SHA256 SHA384 SHA512].each do |name|
  # Ruby may be built with OpenSSL's code for these: then they are no second implementation.
  attempt('builtin-digest', name) { Digest.const_get(name).digest('probe') }
end
begin
  require 'openssl'
rescue LoadError => e
  tell('library', 'openssl', false, e.message)
  tell('end', 'complete', true)
  exit
end

tell('library', OpenSSL::OPENSSL_LIBRARY_VERSION, true)
tell('setting', 'FIPS mode', OpenSSL.respond_to?(:fips_mode) && OpenSSL.fips_mode)
%w[MD4 MD5 SHA1 SHA224 SHA256 SHA384 SHA512 SHA3-256 RIPEMD160 BLAKE2b512 SM3].each do |name|
  attempt('digest', name) { OpenSSL::Digest.new(name).digest('probe') }
end
OpenSSL::Cipher.ciphers.map(&:upcase).uniq.each do |name|
  next if name =~ /WRAP|HMAC|\AID-|XTS|CCM|SIV/

  attempt('cipher', name) do
    cipher = OpenSSL::Cipher.new(name).encrypt
    cipher.key = (1..cipher.key_len).map(&:chr).join
    cipher.iv = '1' * cipher.iv_len if cipher.iv_len.positive?
    cipher.update('probe' * 16)
  end
end
{ 'HMAC' => 'SHA256', 'HMAC-SHA1' => 'SHA1', 'HMAC-MD5' => 'MD5' }.each do |name, digest|
  attempt('mac', name) { OpenSSL::HMAC.digest(digest, '1' * 32, 'probe') }
end
attempt('kdf', 'PBKDF2') { OpenSSL::PKCS5.pbkdf2_hmac('1' * 16, '1' * 16, 1000, 32, 'SHA256') }
attempt('kdf', 'SCRYPT') { OpenSSL::KDF.scrypt('1' * 16, salt: '1' * 16, N: 16, r: 8, p: 1, length: 32) }
%w[prime192v1 prime256v1 secp384r1 secp521r1 secp256k1].each do |name|
  attempt('group', name) do
    key = OpenSSL::PKey::EC.generate(name)
    key.dh_compute_key(key.public_key)
  end
end
attempt('signature', 'RSA with SHA2-256') { OpenSSL::PKey::RSA.new(2048).sign('SHA256', 'probe') }
attempt('key-size', 'RSA-1024 with SHA2-256') { OpenSSL::PKey::RSA.new(1024).sign('SHA256', 'probe') }
tell('end', 'complete', true)
