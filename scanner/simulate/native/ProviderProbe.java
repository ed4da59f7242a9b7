import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.KeyStore;
import java.security.MessageDigest;
import java.security.Provider;
import java.security.SecureRandom;
import java.security.Security;
import java.security.Signature;
import java.security.spec.ECGenParameterSpec;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.Callable;
import javax.crypto.Cipher;
import javax.crypto.KeyAgreement;
import javax.crypto.Mac;
import javax.crypto.SecretKeyFactory;
import javax.crypto.spec.SecretKeySpec;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLParameters;

/**
 * Tells what a Java runtime gives when asked: its providers in order, and for each algorithm which
 * of them serves it. Runs in a container, by the image's own java; compiled for Java 8.
 */
public final class ProviderProbe {
  private static final byte[] MESSAGE = {'p', 'r', 'o', 'b', 'e'};
  private static final Map<String, KeyPair> PAIRS = new HashMap<>();

  private ProviderProbe() {}

  public static void main(String[] arguments) throws Exception {
    tell("library", "Java " + System.getProperty("java.version"), true, "");
    int order = 1;
    for (Provider each : Security.getProviders()) {
      String name = each.getName() + " " + each.getVersion();
      tell("provider", String.format("%02d ", order++) + name, true, "");
    }
    digests();
    ciphers();
    macsAndKeys();
    signatures();
    agreements();
    tls();
    tell("end", "complete", true, "");
  }

  private static void digests() {
    for (String name : names("MessageDigest", "MD5", "SHA-1", "SHA-256", "SHA3-256")) {
      attempt("digest", name, () -> {
        MessageDigest made = MessageDigest.getInstance(name);
        made.digest(MESSAGE);
        return made.getProvider();
      });
    }
  }

  private static void ciphers() {
    String[][] asked = {
      {"AES/GCM/NoPadding", "16"}, {"AES/CBC/PKCS5Padding", "32"}, {"AES/ECB/PKCS5Padding", "16"},
      {"AES/CTR/NoPadding", "16"}, {"DESede/CBC/PKCS5Padding", "24"}, {"DES/CBC/PKCS5Padding", "8"},
      {"RC4", "16"}, {"RC2/CBC/PKCS5Padding", "16"}, {"Blowfish", "16"},
      {"ChaCha20-Poly1305", "32"}};
    for (String[] each : asked) {
      attempt("cipher", each[0].replace("/", "-").replaceAll("-(PKCS5|No)Padding", ""), () -> {
        Cipher made = Cipher.getInstance(each[0]);
        byte[] key = new byte[Integer.parseInt(each[1])];
        for (int at = 0; at < key.length; at++) key[at] = (byte) (at * 7 + 1);
        made.init(Cipher.ENCRYPT_MODE, new SecretKeySpec(key, each[0].split("/|-")[0]));
        made.doFinal(MESSAGE);
        return made.getProvider();
      });
    }
  }

  private static void macsAndKeys() {
    for (String name : names("Mac", "HmacMD5", "HmacSHA1", "HmacSHA256")) {
      if (name.matches("(?i)(Hmac)?PBE.*|SslMac.*")) continue;
      attempt("mac", name, () -> mac(name, 32));
    }
    attempt("key-size", "HMAC with a 64-bit key", () -> mac("HmacSHA256", 8));
    for (String name : names("SecretKeyFactory", "PBKDF2WithHmacSHA256")) {
      if (!name.startsWith("PB")) continue;
      attempt("kdf", name, () -> SecretKeyFactory.getInstance(name).getProvider());
    }
    attempt("random", new SecureRandom().getAlgorithm(), () -> {
      SecureRandom made = new SecureRandom();
      made.nextBytes(new byte[32]);
      return made.getProvider();
    });
  }

  private static Provider mac(String name, int length) throws Exception {
    Mac made = Mac.getInstance(name);
    byte[] key = new byte[length];
    key[0] = 1;
    made.init(new SecretKeySpec(key, name));
    made.doFinal(MESSAGE);
    return made.getProvider();
  }

  private static void signatures() {
    String[][] asked = {
      {"signature", "SHA256withRSA", "RSA", "2048"}, {"signature", "SHA1withRSA", "RSA", "2048"},
      {"signature", "MD5withRSA", "RSA", "2048"},
      {"key-size", "SHA256withRSA", "RSA", "1024"},
      {"signature", "SHA256withECDSA", "EC", "secp256r1"}, {"signature", "SHA1withECDSA", "EC", "secp256r1"},
      {"signature", "Ed25519", "Ed25519", ""}, {"signature", "ML-DSA-65", "ML-DSA-65", ""}};
    for (String[] each : asked) {
      String name = each[3].equals("1024") ? "RSA-1024 with SHA2-256" : each[1];
      attempt(each[0], name, () -> {
        Signature made = Signature.getInstance(each[1]);
        made.initSign(pair(each[2], each[3]).getPrivate());
        made.update(MESSAGE);
        made.sign();
        return made.getProvider();
      });
    }
    for (String name : names("Signature")) {
      if (name.matches("(?i)NONEwith.*|.*inP1363Format")) continue; // the same with other bytes
      attempt("signature", name, () -> Signature.getInstance(name).getProvider());
    }
  }

  private static void agreements() {
    String[] curves = {"secp192r1", "secp256r1", "secp384r1", "secp521r1", "secp256k1"};
    for (String curve : curves) attempt("group", curve, () -> agree("ECDH", "EC", curve));
    attempt("group", "X25519", () -> agree("X25519", "X25519", ""));
    attempt("group", "X448", () -> agree("X448", "X448", ""));
    attempt("exchange", "DH", () -> agree("DH", "DH", "2048"));
    for (String name : names("KeyAgreement")) {
      attempt("exchange", name, () -> KeyAgreement.getInstance(name).getProvider());
    }
  }

  private static Provider agree(String name, String type, String size) throws Exception {
    KeyPair pair = pair(type, size);
    KeyAgreement made = KeyAgreement.getInstance(name);
    made.init(pair.getPrivate());
    made.doPhase(pair.getPublic(), true);
    made.generateSecret();
    return made.getProvider();
  }

  private static KeyPair pair(String type, String size) throws Exception {
    KeyPair known = PAIRS.get(type + size);
    if (known != null) return known;
    KeyPairGenerator generator = KeyPairGenerator.getInstance(type);
    if (type.equals("EC")) generator.initialize(new ECGenParameterSpec(size));
    else if (!size.isEmpty()) generator.initialize(Integer.parseInt(size));
    PAIRS.put(type + size, generator.generateKeyPair());
    return PAIRS.get(type + size);
  }

  private static void tls() {
    try {
      SSLParameters used = SSLContext.getDefault().getDefaultSSLParameters();
      for (String each : used.getProtocols()) {
        tell("tls", each.replace("TLSv1", "TLS 1").replaceFirst("TLS 1$", "TLS 1.0"), true, "");
      }
      for (String each : used.getCipherSuites()) {
        if (!each.endsWith("_SCSV")) tell("tls", each, true, "");
      }
    } catch (Throwable error) {
      tell("setting", "TLS", false, error.toString());
    }
    tell("setting", "keystores are " + KeyStore.getDefaultType(), true, "");
    tell("setting", "TLS by " + provider(() -> SSLContext.getDefault().getProvider()), true, "");
  }

  private static String provider(Callable<Provider> use) {
    try {
      return use.call().getName();
    } catch (Throwable error) {
      return "none";
    }
  }

  private static Set<String> names(String type, String... also) {
    Set<String> found = new TreeSet<>(Security.getAlgorithms(type));
    for (String each : also) {
      if (!found.contains(each.toUpperCase())) found.add(each);
    }
    return found;
  }

  private static void attempt(String kind, String name, Callable<Provider> use) {
    try {
      tell(kind, name, true, use.call().getName());
    } catch (Throwable error) {
      tell(kind, name, false, error.toString());
    }
  }

  private static void tell(String kind, String name, boolean worked, String why) {
    System.out.println(
        "{\"kind\":\"" + kind + "\",\"name\":\"" + plain(name) + "\",\"worked\":" + worked
            + ",\"why\":\"" + plain(why) + "\"}");
    System.out.flush();
  }

  private static String plain(String text) {
    String cut = text.length() > 150 ? text.substring(0, 150) : text;
    return cut.replaceAll("[^ -~]|[\"\\\\]", "?");
  }
}
