package bench;

import com.nimbusds.jose.JOSEException;
import com.nimbusds.jose.jwk.Curve;
import com.nimbusds.jose.jwk.JWKSet;
import com.nimbusds.jose.jwk.gen.ECKeyGenerator;
import com.nimbusds.jose.jwk.source.ImmutableJWKSet;
import com.nimbusds.jose.jwk.source.JWKSource;
import com.nimbusds.jose.proc.SecurityContext;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.SpringBootApplication;
import org.springframework.context.annotation.Bean;
import org.springframework.core.io.ClassPathResource;
import org.springframework.jdbc.core.JdbcTemplate;
import org.springframework.security.crypto.password.NoOpPasswordEncoder;
import org.springframework.security.crypto.password.PasswordEncoder;
import org.springframework.security.oauth2.core.AuthorizationGrantType;
import org.springframework.security.oauth2.core.ClientAuthenticationMethod;
import org.springframework.security.oauth2.jose.jws.SignatureAlgorithm;
import org.springframework.security.oauth2.server.authorization.JdbcOAuth2AuthorizationService;
import org.springframework.security.oauth2.server.authorization.OAuth2AuthorizationService;
import org.springframework.security.oauth2.server.authorization.client.JdbcRegisteredClientRepository;
import org.springframework.security.oauth2.server.authorization.client.RegisteredClient;
import org.springframework.security.oauth2.server.authorization.client.RegisteredClientRepository;
import org.springframework.security.oauth2.server.authorization.settings.ClientSettings;
import org.springframework.security.oauth2.server.authorization.settings.OAuth2TokenFormat;
import org.springframework.security.oauth2.server.authorization.settings.TokenSettings;
import org.springframework.security.oauth2.server.authorization.token.JwtEncodingContext;
import org.springframework.security.oauth2.server.authorization.token.OAuth2TokenCustomizer;

/**
 * Spring Authorization Server as Spring Boot sets it up, with the JDBC services of its documentation. The database, the
 * port and the one person are Spring Boot's own settings, which the bench gives by the environment.
 */
@SpringBootApplication
public class Application {

    private static final String SCHEMAS = "org/springframework/security/oauth2/server/authorization/";

    /** Whatever introspection and revocation look a token up by. */
    private static final List<String> TOKENS = List.of(
            "state", "authorization_code_value", "access_token_value", "oidc_id_token_value", "refresh_token_value",
            "user_code_value", "device_code_value");

    public static void main(String[] arguments) {
        SpringApplication.run(Application.class, arguments);
    }

    @Bean
    RegisteredClientRepository clients(JdbcTemplate database) throws IOException {
        create(database, "oauth2-authorization-schema.sql");
        create(database, "client/oauth2-registered-client-schema.sql");
        // Without these, which its schema leaves to whoever uses it, each look-up would read the whole table.
        for (String column : TOKENS) {
            database.execute("CREATE INDEX ON oauth2_authorization USING hash (" + column + ")");
        }
        RegisteredClientRepository clients = new JdbcRegisteredClientRepository(database);
        clients.save(client("", OAuth2TokenFormat.SELF_CONTAINED));
        clients.save(client("-opaque", OAuth2TokenFormat.REFERENCE));
        return clients;
    }

    /** Its own schema; with text for blob, as it says itself that PostgreSQL needs it. */
    private static void create(JdbcTemplate database, String file) throws IOException {
        String schema = new ClassPathResource(SCHEMAS + file).getContentAsString(StandardCharsets.UTF_8);
        database.execute(schema.replace(" blob ", " text "));
    }

    private static RegisteredClient client(String suffix, OAuth2TokenFormat format) {
        String id = System.getenv("BENCH_CLIENT_ID") + suffix;
        return RegisteredClient.withId(id)
                .clientId(id)
                .clientSecret(System.getenv("BENCH_CLIENT_SECRET") + suffix)
                .clientAuthenticationMethod(ClientAuthenticationMethod.CLIENT_SECRET_BASIC)
                .authorizationGrantType(AuthorizationGrantType.CLIENT_CREDENTIALS)
                .authorizationGrantType(AuthorizationGrantType.AUTHORIZATION_CODE)
                .authorizationGrantType(AuthorizationGrantType.REFRESH_TOKEN)
                .redirectUri(System.getenv("BENCH_REDIRECT_URI"))
                .scope(System.getenv("BENCH_SCOPE"))
                .clientSettings(ClientSettings.builder().requireProofKey(false).build())
                .tokenSettings(TokenSettings.builder()
                        .accessTokenFormat(format)
                        .accessTokenTimeToLive(Duration.ofHours(1))
                        .reuseRefreshTokens(false)
                        .build())
                .build();
    }

    /** As the other peers keep theirs. By default it would be bcrypt, even where a client was saved with {noop}. */
    @Bean
    @SuppressWarnings("deprecation")
    PasswordEncoder plainClientSecrets() {
        return NoOpPasswordEncoder.getInstance();
    }

    @Bean
    OAuth2AuthorizationService authorizations(JdbcTemplate database, RegisteredClientRepository clients) {
        return new JdbcOAuth2AuthorizationService(database, clients);
    }

    @Bean
    JWKSource<SecurityContext> keys() throws JOSEException {
        return new ImmutableJWKSet<>(new JWKSet(new ECKeyGenerator(Curve.P_256).keyID("bench").generate()));
    }

    @Bean
    OAuth2TokenCustomizer<JwtEncodingContext> algorithm() {
        return context -> context.getJwsHeader().algorithm(SignatureAlgorithm.ES256);
    }
}
