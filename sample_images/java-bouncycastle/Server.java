import java.io.IOException;
import java.io.InputStream;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.MessageDigest;
import java.security.Security;
import java.util.HexFormat;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLServerSocket;
import org.bouncycastle.jce.provider.BouncyCastleProvider;

/** An HTTPS server that registers plain Bouncy Castle and takes its digests from it. */
public final class Server {
    public static void main(String[] arguments) throws Exception {
        Security.addProvider(new BouncyCastleProvider());
        char[] password = "changeit".toCharArray();
        KeyStore store = KeyStore.getInstance("PKCS12");
        try (InputStream input = Files.newInputStream(Path.of("/srv/server.p12"))) {
            store.load(input, password);
        }
        KeyManagerFactory keys = KeyManagerFactory.getInstance("PKIX");
        keys.init(store, password);
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(keys.getKeyManagers(), null, null);
        System.out.println("SHA-256 by " + digest().getProvider().getName());

        ExecutorService pool = Executors.newFixedThreadPool(16);
        try (SSLServerSocket listener =
                (SSLServerSocket) context.getServerSocketFactory().createServerSocket(8443)) {
            System.out.println("listening on 8443");
            while (true) {
                Socket client = listener.accept();
                pool.execute(() -> answer(client));
            }
        }
    }

    private static void answer(Socket client) {
        try (client) {
            client.setSoTimeout(5000);
            byte[] request = new byte[4096];
            int size = Math.max(client.getInputStream().read(request), 0);
            MessageDigest digest = digest();
            digest.update(request, 0, size);
            String text = "HTTP/1.0 200 OK\r\n\r\n" + HexFormat.of().formatHex(digest.digest()) + "\n";
            client.getOutputStream().write(text.getBytes());
        } catch (IOException | GeneralSecurityException problem) {
            System.out.println("connection ended: " + problem.getMessage());
        }
    }

    private static MessageDigest digest() throws GeneralSecurityException {
        return MessageDigest.getInstance("SHA-256", "BC");
    }
}
