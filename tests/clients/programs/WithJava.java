// One GET with a capability token; `mended` answers the proxy's question who is there.
import java.net.Authenticator;
import java.net.PasswordAuthentication;
import java.net.URI;
import java.net.URLDecoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;

class WithJava {
    public static void main(String[] arguments) throws Exception {
        HttpClient.Builder builder = HttpClient.newBuilder();
        if (arguments.length > 0) {
            String[] who = URI.create(System.getenv("HTTPS_PROXY")).getRawUserInfo().split(":", 2);
            builder.authenticator(new Authenticator() {
                @Override
                protected PasswordAuthentication getPasswordAuthentication() {
                    boolean proxy = getRequestorType() == RequestorType.PROXY;
                    return proxy ? new PasswordAuthentication(plain(who[0]), plain(who[1]).toCharArray()) : null;
                }
            });
        }
        HttpRequest request = HttpRequest.newBuilder(URI.create(System.getenv("URL")))
            .header("AISecOps-Capability", System.getenv("CAPABILITY"))
            .build();
        var answer = builder.build().send(request, BodyHandlers.ofString());
        if (answer.statusCode() >= 400) {
            throw new IllegalStateException("status " + answer.statusCode() + ": " + answer.body());
        }
    }

    private static String plain(String quoted) {
        return URLDecoder.decode(quoted.replace("+", "%2B"), StandardCharsets.UTF_8);
    }
}
